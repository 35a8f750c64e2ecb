"""The Merkle tree of RFC 9162, section 2.1: pure, over whoever keeps the hashes.

A tree of any size is read through `Hashes`: level 0 holds the leaves, level 8 the roots
of full groups of 256 leaves, level 16 of 65,536, and so on. Rows between these levels
are folded when asked for, so a million leaves need under 4,000 kept hashes besides.
Source: https://www.rfc-editor.org/rfc/rfc9162#section-2.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

EMPTY_ROOT = sha256().digest()
TILE_BITS = 8
TILE = 1 << TILE_BITS


class Hashes(Protocol):
    """Who keeps the hashes: leaves at level 0, roots of full subtrees at 8, 16, 24 …"""

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """The hashes at `start … stop - 1` of a level; as many as asked for, or an error."""

    def write(self, level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Keep these hashes, the first at index `start` of the level."""


class InMemory:
    """Hashes kept in lists: for tests, small trees and the receipts of one chunk."""

    def __init__(self) -> None:
        self.levels: dict[int, list[bytes]] = {}

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """The hashes at `start … stop - 1` of a level."""
        return self.levels[level][start:stop]

    def write(self, level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Keep these hashes from index `start` on."""
        self.levels.setdefault(level, [])[start:] = hashes


def leaf_hash(body: bytes) -> bytes:
    """The hash of one entry: SHA-256 over 0x00 and its bytes."""
    return sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side: SHA-256 over 0x01 and both."""
    return sha256(b"\1" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes already in memory."""
    return fold(leaves) if leaves else EMPTY_ROOT


def extend(hashes: Hashes, size: int, leaves: Sequence[bytes]) -> int:
    """Append leaf hashes to a tree of `size`, with the tiles that become full; the new size."""
    hashes.write(0, size, leaves)
    grown, level = size + len(leaves), 0
    while grown >> (level + TILE_BITS):
        above = level + TILE_BITS
        first, stop = size >> above, grown >> above
        below = hashes.read(level, first * TILE, stop * TILE) if stop > first else ()
        tiles = [fold(below[at : at + TILE]) for at in range(0, len(below), TILE)]
        if tiles:
            hashes.write(above, first, tiles)
        level = above
    return grown


def root(hashes: Hashes, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _subtree(hashes, 0, size) if size else EMPTY_ROOT


def inclusion_proof(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree of `size`: the sibling hashes, lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, stop, siblings = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            siblings.append(_subtree(hashes, middle, stop))
            stop = middle
        else:
            siblings.append(_subtree(hashes, start, middle))
            start = middle
    return siblings[::-1]


def consistency_proof(hashes: Hashes, old: int, new: int) -> list[bytes]:
    """Proof that the tree of size `new` only appended to the tree of size `old`."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    start, stop, whole, proof = 0, new, True, []
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(_subtree(hashes, middle, stop))
            stop = middle
        else:
            proof.append(_subtree(hashes, start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(_subtree(hashes, start, stop))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> bool:
    """Does the proof lead from the leaf hash at `index` to the root of the tree of `size`?

    Source  RFC 9162, 2.1.3.2
    """
    if not 0 <= index < size:
        return False
    place, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            result = node_hash(sibling, result)
            place, last = _skip_right_edge(place, last)
        else:
            result = node_hash(result, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and result == expected


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Does the proof show that the newer tree only appended to the older?

    Source  RFC 9162, 2.1.4.2
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return old_root == new_root and not proof
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            place, last = _skip_right_edge(place, last)
        else:
            newer = node_hash(newer, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


class Frontier:
    """A root that grows leaf by leaf in constant memory: the full subtrees on the right edge."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        size, peaks = self.size, self._peaks
        while size & 1:  # a full subtree of this height waits at the left: join them
            leaf = sha256(b"\1" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self, right: bytes | None = None) -> bytes:
        """The root of all so far; `right` is the root of a smaller subtree beyond the edge."""
        parts = self._peaks if right is None else [*self._peaks, right]
        return _join(parts) if parts else EMPTY_ROOT


def _split(count: int) -> int:
    """The largest power of two below `count`: where RFC 9162 cuts a list in two."""
    return 1 << (count - 1).bit_length() - 1


def _skip_right_edge(place: int, last: int) -> tuple[int, int]:
    """Climb past the levels where the right edge has no sibling."""
    while not place & 1 and place:
        place, last = place >> 1, last >> 1
    return place, last


def _subtree(hashes: Hashes, start: int, stop: int) -> bytes:
    """The root of the leaves `start … stop - 1`, a subtree of the RFC's recursion."""
    return _join(list(_full_parts(hashes, start, stop)))


def _full_parts(hashes: Hashes, start: int, stop: int) -> Iterator[bytes]:
    """The full subtrees that make up a range, from left to right, largest first."""
    while start < stop:
        height = (stop - start).bit_length() - 1
        level = height - height % TILE_BITS
        yield fold(hashes.read(level, start >> level, (start + (1 << height)) >> level))
        start += 1 << height


def _join(parts: Sequence[bytes]) -> bytes:
    """The root over full subtrees that stand side by side, largest first."""
    result = parts[-1]
    for part in parts[-2::-1]:
        result = node_hash(part, result)
    return result


def fold(row: Iterable[bytes]) -> bytes:
    """The root over a row; the last of an odd number climbs alone, as RFC 9162 cuts it off."""
    row = list(row)
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [node_hash(left, right) for left, right in pairs] + row[len(row) & ~1 :]
    return row[0]
