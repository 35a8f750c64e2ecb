"""A tree given away tile by tile is the tree of RFC 9162, whatever the pages it grew by."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.audit.merkle import TILE_BITS, inclusion_proof, root, root_of, verify_inclusion
from incidents.audit.tiles import Growing


class Kept:
    """Tiles in memory, read as rows of the database are."""

    def __init__(self, tiles):
        self.tiles = {}
        for level, index, hashes in tiles:
            assert (level, index) not in self.tiles
            self.tiles[level, index] = hashes

    def read(self, level, start, stop):
        tile = self.tiles[level, start >> TILE_BITS]
        first = start >> TILE_BITS << TILE_BITS
        return [tile[(at - first) * 32 : (at - first + 1) * 32] for at in range(start, stop)]


def leaves(count):
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(count)]


@settings(max_examples=40, deadline=None)
@given(pages=st.lists(st.integers(0, 900), max_size=8), data=st.data())
def test_pages_of_any_size_give_the_same_tree(pages, data):
    every = leaves(sum(pages))
    tree, tiles, at = Growing(), [], 0
    for size in pages:
        tiles += tree.add(every[at : at + size])
        at += size
    kept = Kept([*tiles, *tree.rest()])
    assert tree.size == len(every)
    assert root(kept, tree.size) == root_of(every)
    if every:
        index = data.draw(st.integers(0, len(every) - 1))
        way = inclusion_proof(kept, index, len(every))
        assert verify_inclusion(every[index], index, len(every), way, root_of(every))


def test_a_tree_of_three_levels_is_whole():
    every = leaves(256 * 256 + 257)
    tree = Growing()
    kept = Kept([*tree.add(every), *tree.rest()])
    assert {level for level, _ in kept.tiles} == {0, 8, 16}
    assert root(kept, tree.size) == root_of(every)
