"""The tree against RFC 6962's own recursive definition, and its published answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tree

LEAVES = [tree.leaf_hash(str(i).encode()) for i in range(300)]


def subtree(level: int, index: int) -> bytes:
    return tree.perfect_root(LEAVES[index << level : (index + 1) << level])


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if not leaves:
        return tree.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return tree.node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as RFC 6962 section 2.1.1 writes it."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962 section 2.1.2 writes it."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def test_knows_the_published_answers() -> None:
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_roots_of_all_sizes_to_300_are_the_definition() -> None:
    assert all(tree.root(n, subtree) == naive_root(LEAVES[:n]) for n in range(301))


def test_inclusion_proofs_of_all_entries_of_all_sizes_to_64_are_the_definition() -> None:
    for n in range(1, 65):
        for m in range(n):
            proof = tree.prove_inclusion(m, n, subtree)
            assert proof == naive_path(m, LEAVES[:n])
            tree.verify_inclusion(LEAVES[m], index=m, size=n, proof=proof, root=naive_root(LEAVES[:n]))


def test_consistency_proofs_of_all_pairs_to_64_are_the_definition() -> None:
    for n in range(1, 65):
        for m in range(1, n + 1):
            proof = tree.prove_consistency(m, n, subtree)
            assert proof == naive_subproof(m, LEAVES[:n], whole=True)
            tree.verify_consistency(
                old=m, new=n, proof=proof, old_root=naive_root(LEAVES[:m]), new_root=naive_root(LEAVES[:n])
            )


def test_a_proof_has_as_many_hashes_as_the_tree_is_high() -> None:
    assert len(tree.prove_inclusion(0, 70_000, lambda _level, _index: bytes(32))) == 17
    assert len(tree.prove_consistency(65_000, 70_000, lambda _level, _index: bytes(32))) == 15


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))), st.data())
def test_an_altered_inclusion_proof_is_refused(at: tuple[int, int], data: st.DataObject) -> None:
    size, index = at
    proof = tree.prove_inclusion(index, size, subtree)
    change = data.draw(st.sampled_from(["drop", "add", "flip", "swap"]))
    if change == "add" or not proof:
        altered = [*proof, bytes(32)]
    elif change == "drop":
        altered = proof[:-1]
    elif change == "swap":
        altered = proof[::-1]
    else:
        place = data.draw(st.integers(0, len(proof) - 1))
        altered = [*proof]
        altered[place] = bytes([altered[place][0] ^ 1]) + altered[place][1:]
    if altered == proof:
        return
    with pytest.raises(EvidenceError):
        tree.verify_inclusion(LEAVES[index], index=index, size=size, proof=altered, root=tree.root(size, subtree))


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1), st.integers(0, n - 1))))
def test_a_proof_of_one_entry_is_no_proof_of_another(at: tuple[int, int, int]) -> None:
    size, index, other = at
    if index == other:
        return
    proof = tree.prove_inclusion(index, size, subtree)
    with pytest.raises(EvidenceError):
        tree.verify_inclusion(LEAVES[other], index=other, size=size, proof=proof, root=tree.root(size, subtree))


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))))
def test_a_tree_whose_past_was_changed_is_no_continuation(at: tuple[int, int]) -> None:
    new, old = at
    proof = tree.prove_consistency(old, new, subtree)
    changed = naive_root([tree.leaf_hash(b"another"), *LEAVES[1:old]])
    with pytest.raises(EvidenceError):
        tree.verify_consistency(old=old, new=new, proof=proof, old_root=changed, new_root=tree.root(new, subtree))


@pytest.mark.parametrize(("old", "new"), [(0, 5), (5, 5)])
def test_the_empty_and_the_same_tree_need_no_proof(old: int, new: int) -> None:
    roots = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    tree.verify_consistency(old=old, new=new, proof=[], old_root=roots[0], new_root=roots[1])
    with pytest.raises(EvidenceError):
        tree.verify_consistency(old=old, new=new, proof=[bytes(32)], old_root=roots[0], new_root=roots[1])
    with pytest.raises(EvidenceError):
        tree.verify_consistency(old=old, new=new, proof=[], old_root=bytes(32), new_root=roots[1])


@pytest.mark.parametrize("index", [-1, 5])
def test_an_entry_beyond_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(EvidenceError, match="0 to 4"):
        tree.prove_inclusion(index, 5, subtree)
    with pytest.raises(EvidenceError, match="0 to 4"):
        tree.verify_inclusion(LEAVES[0], index=index, size=5, proof=[], root=bytes(32))
