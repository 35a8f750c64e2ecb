"""A Merkle tree that grows at the right and is given away tile by tile, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from incidents.audit.merkle import TILE, TILE_BITS, fold

Tile = tuple[int, int, bytes]


class Growing:
    """Takes leaf hashes; gives tiles as (level, index, hashes) for `merkle.Hashes` to read.

    Level 0 holds the leaves, level 8 the roots of full tiles of leaves, and so on up.
    """

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = []  # of each level, what fills no tile yet
        self._given: list[int] = []

    def add(self, leaves: Sequence[bytes]) -> Iterator[Tile]:
        """Take leaves; gives the tiles that are full now."""
        self.size += len(leaves)
        return self._add(0, leaves)

    def rest(self) -> Iterator[Tile]:
        """The tiles at the right edge, which are not full; nothing is added after them."""
        for step, row in enumerate(self._rows):
            if row:
                yield step * TILE_BITS, self._given[step], b"".join(row)

    def _add(self, step: int, hashes: Sequence[bytes]) -> Iterator[Tile]:
        if step == len(self._rows):
            self._rows.append([])
            self._given.append(0)
        row = self._rows[step]
        row += hashes
        full = [row[at : at + TILE] for at in range(0, len(row) - TILE + 1, TILE)]
        del row[: len(full) * TILE]
        for tile in full:
            yield step * TILE_BITS, self._given[step], b"".join(tile)
            self._given[step] += 1
        if full:
            yield from self._add(step + 1, [fold(tile) for tile in full])
