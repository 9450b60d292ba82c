"""The recurring head or tail of a prompt."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.ingest import skeletons
from stillwatch.ingest.kernels.hashing import U64
from stillwatch.ingest.kernels.prints import ends_and_item

Words = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
RANDOM = np.random.default_rng(11)


def words(count: int) -> Words:
    return RANDOM.integers(1, 1 << 63, count, dtype=np.uint64)


def ends(texts: list[Words]) -> tuple[Words, Words]:
    heads, tails = np.zeros((len(texts), 4), np.uint64), np.zeros((len(texts), 4), np.uint64)
    for i, text in enumerate(texts):
        ends_and_item(text, text.size, text, 0, U64(5), heads[i], tails[i])
    return heads, tails


def assigned(texts: list[Words], calls: int | None = None) -> tuple[list[int], list[int]]:
    heads, tails = ends(texts)
    counts = skeletons.new_counts()
    skeletons.add(counts, heads)
    skeletons.add(counts, tails)
    skeleton, length = skeletons.assign(counts, heads, tails, calls or len(texts))
    return skeleton.tolist(), length.tolist()


def test_prompts_of_one_template_share_a_skeleton() -> None:
    template = words(20)
    found, length = assigned([np.concatenate([template, words(15)]) for _ in range(50)])
    assert len(set(found)) == 1
    assert found[0] != 0
    assert set(length) == {16}


def test_unrelated_prompts_have_none() -> None:
    found, length = assigned([words(40) for _ in range(200)])
    assert set(found) == {0}
    assert set(length) == {0}


def test_a_template_behind_its_item_is_found_by_its_tail() -> None:
    template = words(35)
    found, length = assigned([np.concatenate([words(9), template]) for _ in range(50)])
    assert len(set(found)) == 1
    assert set(length) == {32}


def test_the_longer_end_wins() -> None:
    head, tail = words(10), words(20)
    _, length = assigned([np.concatenate([head, words(9), tail]) for _ in range(50)])
    assert set(length) == {16}


def test_a_long_item_that_recurs_does_not_hide_the_template() -> None:
    template, items = words(10), [words(40) for _ in range(20)]
    found, length = assigned([np.concatenate([template, item]) for item in items for _ in range(5)])
    assert len(set(found)) == 1
    assert set(length) == {8}


def test_two_templates_with_one_beginning_are_told_apart() -> None:
    start, one, other = words(10), words(10), words(10)
    texts = [np.concatenate([start, middle, words(20)]) for middle in (one, other) for _ in range(30)]
    found, length = assigned(texts)
    assert len(set(found[:30])) == len(set(found[30:])) == 1
    assert found[0] != found[30]
    assert set(length) == {16}


def test_many_items_behind_one_beginning_are_one_template() -> None:
    start = words(10)
    texts = [np.concatenate([start, item, words(20)]) for item in (words(10) for _ in range(20)) for _ in range(5)]
    found, length = assigned(texts)
    assert len(set(found)) == 1
    assert set(length) == {8}


@pytest.mark.parametrize(("copies", "expected"), [(3, False), (4, True)])
def test_a_template_must_recur(copies: int, expected: bool) -> None:  # noqa: FBT001
    template = words(12)
    found, _ = assigned([np.concatenate([template, words(5)]) for _ in range(copies)])
    assert all(found) == expected


@pytest.mark.parametrize(("calls", "least"), [(0, 4), (10**6, 4), (2 * 10**6, 8), (10**8, 400)])
def test_larger_logs_ask_for_more(calls: int, least: int) -> None:
    assert skeletons.least_count(calls) == least


def test_sketches_of_parts_add_up_to_the_sketch_of_all() -> None:
    template = words(20)
    heads, _ = ends([np.concatenate([template, words(15)]) for _ in range(40)])
    whole, part, rest = skeletons.new_counts(), skeletons.new_counts(), skeletons.new_counts()
    skeletons.add(whole, heads)
    skeletons.add(part, heads[:13])
    skeletons.add(rest, heads[13:])
    assert np.array_equal(whole, part + rest)


def test_the_order_of_the_rows_does_not_matter() -> None:
    template = words(20)
    texts = [np.concatenate([template, words(15)]) if i % 3 else words(40) for i in range(60)]
    order = RANDOM.permutation(60)
    found, length = assigned(texts)
    shuffled, shuffled_length = assigned([texts[i] for i in order])
    assert shuffled == [found[i] for i in order]
    assert shuffled_length == [length[i] for i in order]


def test_prompts_of_fewer_than_eight_words_have_none() -> None:
    short = words(7)
    assert assigned([short] * 50) == ([0] * 50, [0] * 50)
