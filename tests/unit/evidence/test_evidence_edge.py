"""The right edge against the whole tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tree
from stillwatch.evidence.edge import Edge

LEAVES = [tree.leaf_hash(i.to_bytes(4, "big")) for i in range(66_000)]


def subtree(level: int, index: int) -> bytes:
    return tree.perfect_root(LEAVES[index << level : (index + 1) << level])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 300), st.just(256), st.just(33_000)), min_size=1, max_size=6))
def test_batches_of_any_size_lead_to_the_same_root(sizes: list[int]) -> None:
    edge, at = Edge(), 0
    for size in sizes:
        batch = LEAVES[at : at + size]
        edge.append(list(batch))
        at += len(batch)
        assert edge.size == at
        assert edge.root() == tree.root(at, subtree)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_536, 65_537])
def test_an_edge_read_back_goes_on_as_if_it_had_never_stopped(size: int) -> None:
    first = Edge()
    stored = {tile.path: data for tile, data in first.append(LEAVES[:size])}

    def read(path: str) -> bytes:
        if path not in stored:
            raise EvidenceError(path)
        return stored[path]

    again = Edge.read(size, read)
    assert again.append(LEAVES[size : size + 300]) == first.append(LEAVES[size : size + 300])
    assert again.root() == first.root()


def test_a_copy_leaves_the_first_as_it_was() -> None:
    edge = Edge()
    edge.append(LEAVES[:3])
    before = edge.root()
    edge.copy().append(LEAVES[3:5])
    assert (edge.size, edge.root()) == (3, before)
