"""Finding equal values without reading them: a keyed hash under the incident's own key.

It leaks equality inside one incident and nothing across, and dies with the data key.
Index only what is hard to guess (addresses, numbers), never birth dates or postcodes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from incidents.vault.keys import DataKey, derive

INDEX_BYTES = 16
_BLOCK = 64


def blind_index(key: DataKey, field: str, value: str) -> bytes:
    """The index of one normalised value (E.164, lower-case address): 16 bytes."""
    return indexer(key, field)(value)


def indexer(key: DataKey, field: str) -> Callable[[str], bytes]:
    """The same for many values: HMAC-SHA-256 with both padded keys hashed beforehand."""
    secret = derive(key.secret, "blind index", field).ljust(_BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in secret))
    outer = sha256(bytes(byte ^ 0x5C for byte in secret))

    def index(value: str) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(value.encode())
        second.update(first.digest())
        return second.digest()[:INDEX_BYTES]

    return index
