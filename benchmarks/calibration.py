"""How fast this machine is at this minute: figures are only comparable beside it."""

from __future__ import annotations

import hashlib
import time
from argparse import Namespace
from collections.abc import Iterator

from benchmarks.figures import Value

_LOOPS = 200_000


def measure(asked: Namespace) -> Iterator[Value]:
    """SHA-256 hashes of a short text that one core does in a second."""
    began = time.perf_counter()
    digest = b""
    for _ in range(_LOOPS):
        digest = hashlib.sha256(digest).digest()
    yield Value("SHA-256/s, one core", "this machine", _LOOPS / (time.perf_counter() - began))
