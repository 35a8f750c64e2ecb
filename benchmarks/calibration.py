"""How fast this machine is at this minute: figures are only comparable beside it."""

from __future__ import annotations

import hashlib
import time

_LOOPS = 200_000


def hashes_per_second() -> float:
    """SHA-256 hashes of a short text that one core does in a second."""
    began = time.perf_counter()
    digest = b""
    for _ in range(_LOOPS):
        digest = hashlib.sha256(digest).digest()
    return _LOOPS / (time.perf_counter() - began)
