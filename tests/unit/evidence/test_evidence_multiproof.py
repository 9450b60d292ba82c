"""One proof for many entries leads to the root that the whole tree has, for every choice of entries."""

from __future__ import annotations

import io
import random
from itertools import combinations

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.multiproof import prove_many
from stillwatch.evidence.tree import leaf_hash, node_hash, perfect_root


def naive_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node_hash(naive_root(hashes[:k]), naive_root(hashes[k:]))


def check(size: int, indices: list[int]) -> None:
    entries = [b"entry %d" % i for i in range(size)]
    hashes = [leaf_hash(e) for e in entries]
    proof = list(prove_many(indices, size, lambda level, i: perfect_root(hashes[i << level : (i + 1) << level])))
    found = verify.root_of(((i, entries[i]) for i in indices), reader(proof), size)
    assert found == naive_root(hashes)


def reader(proof: list[bytes]) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(b"".join(proof)))  # type: ignore[arg-type]


def test_every_choice_of_entries_of_small_trees() -> None:
    for size in range(1, 9):
        for count in range(size + 1):
            for indices in combinations(range(size), count):
                check(size, list(indices))


def test_some_choices_for_every_size_to_300() -> None:
    draw = random.Random(1)
    for size in range(9, 301):
        check(size, sorted(draw.sample(range(size), draw.randint(1, size))))


def test_all_entries_need_no_hash() -> None:
    assert not list(prove_many(range(5), 5, lambda _level, _index: bytes(32)))


@pytest.mark.parametrize("indices", [[1, 1], [2, 1], [-1], [5]])
def test_entries_out_of_order_or_out_of_the_tree_are_refused(indices: list[int]) -> None:
    with pytest.raises(EvidenceError, match="entries to prove"):
        list(prove_many(indices, 5, lambda _level, _index: bytes(32)))


def test_a_hash_too_many_is_noticed() -> None:
    with pytest.raises(verify.Refused, match="more hashes"):
        verify.root_of(iter([(0, b"a")]), reader([bytes(32)]), 1)
