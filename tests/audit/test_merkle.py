"""Our tree against its definition in RFC 9162 and against pymerkle."""

from hashlib import sha256

import pytest
from pymerkle import InmemoryTree

from incidents.audit import merkle

SIZES = [*range(1, 40), 63, 64, 65, 255, 256, 257, 511, 513, 600]


def bodies(count):
    return [b"entry %d" % number for number in range(count)]


def tree_of(count, batch=7):
    hashes, size = merkle.InMemory(), 0
    leaves = [merkle.leaf_hash(body) for body in bodies(count)]
    for start in range(0, count, batch):
        size = merkle.extend(hashes, size, leaves[start : start + batch])
    return hashes


def definition(leaves):
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return merkle.node_hash(definition(leaves[:cut]), definition(leaves[cut:]))


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_root_is_the_one_the_rfc_defines(size):
    leaves = [merkle.leaf_hash(body) for body in bodies(size)]
    expected = definition(leaves)
    assert merkle.root(tree_of(size), size) == expected
    assert merkle.root_of(leaves) == expected


def test_older_roots_can_be_asked_of_a_grown_tree():
    hashes = tree_of(600)
    leaves = hashes.levels[0]
    assert all(merkle.root(hashes, size) == definition(leaves[:size]) for size in SIZES)


def test_full_groups_of_256_are_kept_however_the_batches_fall():
    for batch in (1, 255, 256, 257, 70_000):
        hashes = tree_of(66_000 if batch > 255 else 1_030, batch)
        kept = hashes.levels[8]
        assert kept[1] == definition(hashes.levels[0][256:512])
        assert len(kept) == len(hashes.levels[0]) // 256
        assert len(hashes.levels.get(16, [])) == len(hashes.levels[0]) // 65_536


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 21, 64, 65, 257, 600])
def test_pymerkle_agrees_with_every_proof(size):
    oracle, hashes = InmemoryTree(), tree_of(size)
    oracle.append_entries(bodies(size))
    root = merkle.root(hashes, size)
    assert root == oracle.get_root()
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = merkle.inclusion_proof(hashes, index, size)
        leaf = hashes.levels[0][index]
        assert sorted([leaf, *proof]) == sorted(oracle.prove_inclusion(index + 1).path)
        assert merkle.verify_inclusion(leaf, index, size, proof, root)
    for old in {1, size // 2, size - 1, size} & set(range(1, size + 1)):
        proof = merkle.consistency_proof(hashes, old, size)
        assert merkle.verify_consistency(old, size, oracle.get_root(old), root, proof)


def test_a_proof_with_anything_changed_is_refused():
    size = 43
    hashes = tree_of(size)
    root = merkle.root(hashes, size)
    leaf, proof = hashes.levels[0][20], merkle.inclusion_proof(hashes, 20, size)
    flipped = [bytes([proof[0][0] ^ 1]) + proof[0][1:], *proof[1:]]
    for index, tree_size, siblings in [
        (21, size, proof),
        (20, size * 2, proof),
        (20, size, flipped),
        (20, size, proof[:-1]),
        (20, size, [*proof, root]),
        (size, size, proof),
    ]:
        assert not merkle.verify_inclusion(leaf, index, tree_size, siblings, root)
    assert not merkle.verify_inclusion(root, 20, size, proof, root)


def test_a_rewritten_past_has_no_consistency_proof():
    old, new = 37, 100
    hashes = tree_of(new)
    past, now = merkle.root(hashes, old), merkle.root(hashes, new)
    proof = merkle.consistency_proof(hashes, old, new)
    assert merkle.verify_consistency(old, new, past, now, proof)
    hashes.levels[0][3] = merkle.leaf_hash(b"rewritten")
    rewritten = merkle.root(hashes, old)
    assert not merkle.verify_consistency(old, new, rewritten, now, proof)
    assert not merkle.verify_consistency(old, new, past, now, proof[:-1])
    assert not merkle.verify_consistency(old, new, past, now, [*proof, now])
    assert not merkle.verify_consistency(new, old, now, past, proof)
    assert not merkle.verify_consistency(0, new, merkle.EMPTY_ROOT, now, [])
