"""The keys: key-encryption keys (KEK) that never leave this ring, data keys wrapped by them.

One KEK per line in a 0600 file, `id base64`; the last line is the one in use, those above
still unwrap. Whoever has the database and not this file has no personal data.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from incidents.vault.errors import KeyMissing, Unreadable
from incidents.vault.files import read_or_create, read_secret, replace_secret

KEY_BYTES = 32
NONCE_BYTES = 12
KEK_FILE = "kek.keys"
_REMEMBERED = 4096


@dataclass(frozen=True)
class DataKey:
    """The key that seals one class of data of one incident; `repr` does not show it."""

    id: UUID
    incident_id: UUID
    purpose: str
    secret: bytes = field(repr=False)

    @cached_property
    def aead(self) -> AESGCM:
        """AES-256-GCM under this key."""
        return AESGCM(self.secret)


class KeyRing:
    """The KEKs of a deployment, by id, and the data keys opened with them in this process."""

    def __init__(self, keks: Mapping[str, bytes]) -> None:
        if not keks:
            raise KeyMissing("the key ring is empty")
        if any(len(kek) != KEY_BYTES for kek in keks.values()):
            raise KeyMissing(f"each key of the key ring needs {KEY_BYTES} bytes")
        self._keks = {kek_id: AESGCM(kek) for kek_id, kek in keks.items()}
        self.active_id = list(keks)[-1]
        self._opened: OrderedDict[UUID, DataKey] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def load_or_create(cls, folder: Path) -> KeyRing:
        """The ring kept in `folder`, generated at the first call."""
        return cls.parse(read_or_create(folder / KEK_FILE, _new_line))

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """The ring kept in a file that must exist and be readable by its owner only."""
        return cls.parse(read_secret(path))

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """The ring from `id base64` lines, as a file or an environment variable holds them."""
        keks = {}
        for line in text.splitlines():
            if line.strip():
                kek_id, _, encoded = line.strip().partition(" ")
                keks[kek_id] = b64decode(encoded)
        return cls(keks)

    @property
    def ids(self) -> list[str]:
        """The ids of all KEKs, oldest first."""
        return list(self._keks)

    def wrap(self, key: DataKey) -> bytes:
        """A data key sealed under the KEK in use, bound to its row."""
        nonce = os.urandom(NONCE_BYTES)
        kek = self._keks[self.active_id]
        return nonce + kek.encrypt(nonce, key.secret, _row_of(key.id, key.incident_id, key.purpose))

    def unwrap(
        self, wrapped: bytes, kek_id: str, key_id: UUID, incident_id: UUID, purpose: str
    ) -> DataKey:
        """The data key of a row; opened once, then remembered by its id."""
        with self._lock:
            if key := self._opened.get(key_id):
                self._opened.move_to_end(key_id)
                return key
        key = DataKey(
            key_id,
            incident_id,
            purpose,
            self._open(wrapped, kek_id, _row_of(key_id, incident_id, purpose)),
        )
        with self._lock:
            self._opened[key_id] = key
            if len(self._opened) > _REMEMBERED:
                self._opened.popitem(last=False)
        return key

    def forget(self, key_id: UUID) -> None:
        """Drop an opened data key from this process's memory."""
        with self._lock:
            self._opened.pop(key_id, None)

    def _open(self, wrapped: bytes, kek_id: str, row: bytes) -> bytes:
        try:
            kek = self._keks[kek_id]
            return kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], row)
        except KeyError:
            raise KeyMissing(f"key-encryption key {kek_id} is not in the key ring") from None
        except InvalidTag:
            raise Unreadable("a data key was changed, or belongs to another row") from None


def add_kek(folder: Path) -> KeyRing:
    """Put a new KEK in use; older ones stay, so what they wrapped still opens."""
    path = folder / KEK_FILE
    replace_secret(path, read_secret(path) + _new_line())
    return KeyRing.load(path)


def new_secret() -> bytes:
    """A fresh key of 256 bits."""
    return AESGCM.generate_key(256)


def derive(secret: bytes, *purpose: str) -> bytes:
    """A key for one purpose, derived from another by HKDF-SHA-256; one never tells the other."""
    info = "\0".join(("tocsin", *purpose)).encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _new_line() -> str:
    return f"{secrets.token_hex(4)} {b64encode(new_secret()).decode()}\n"


def _row_of(key_id: UUID, incident_id: UUID, purpose: str) -> bytes:
    return b"data_key|" + key_id.bytes + incident_id.bytes + purpose.encode()
