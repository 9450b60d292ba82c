"""Heads, tails and MinHash bands of word hashes."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.ingest.kernels.hashing import U64
from stillwatch.ingest.kernels.prints import BANDS, LENGTHS, TOPICS, bands, chain, ends_and_item, topics

RANDOM = np.random.default_rng(5)


def words(count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return RANDOM.integers(1, 1 << 63, count, dtype=np.uint64)


def ends(masked: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> tuple[list[int], list[int]]:
    heads, tails = np.ones(4, np.uint64), np.ones(4, np.uint64)
    ends_and_item(masked, masked.size, masked, 0, U64(5), heads, tails)
    return heads.tolist(), tails.tolist()


def banded(masked: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> list[int]:
    out = np.zeros(BANDS, np.int32)
    bands(masked, masked.size, out, np.zeros(8, np.int64))
    return out.tolist()


def topical(plain: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> list[int]:
    out = np.zeros(TOPICS, np.int32)
    topics(plain, plain.size, out, np.zeros(8, np.int64))
    return out.tolist()


@pytest.mark.parametrize("length", [0, 7, 8, 15, 16, 31, 32, 63, 64, 200])
def test_there_is_an_end_for_every_length_that_the_text_has(length: int) -> None:
    heads, tails = ends(words(length))
    assert [value != 0 for value in heads] == [length >= least for least in LENGTHS]
    assert [value != 0 for value in tails] == [length >= least for least in LENGTHS]


def test_a_head_depends_on_its_words_and_on_nothing_behind_them() -> None:
    one, other = words(40), words(40)
    other[:16] = one[:16]
    assert [a == b for a, b in zip(ends(one)[0], ends(other)[0], strict=True)] == [True, True, False, True]
    other[15] += U64(1)
    assert ends(one)[0][:2] != ends(other)[0][:2]


def test_a_tail_depends_on_its_words_and_on_nothing_before_them() -> None:
    one, other = words(40), words(33)
    other[-16:] = one[-16:]
    assert [a == b for a, b in zip(ends(one)[1], ends(other)[1], strict=True)] == [True, True, False, True]


def test_a_head_is_no_tail() -> None:
    same = np.full(64, 77, np.uint64)
    heads, tails = ends(same)
    assert not set(heads) & set(tails)


@pytest.mark.parametrize(("masked", "plain"), [(0, 0), (3, 5), (10, 7), (64, 64), (70, 200), (200, 70)])
def test_the_item_is_the_chain_of_all_plain_words(masked: int, plain: int) -> None:
    said, kept = words(plain), words(masked)
    heads, tails = np.ones(4, np.uint64), np.ones(4, np.uint64)
    item = ends_and_item(kept, masked, said, plain, U64(5), heads, tails)
    assert item == chain(said, plain, U64(5))
    assert (heads.tolist(), tails.tolist()) == ends(kept)


def test_chain_depends_on_every_word_and_the_order() -> None:
    one = words(5)
    swapped = one[[0, 1, 2, 4, 3]]
    assert chain(one, 5, U64(3)) != chain(swapped, 5, U64(3))
    assert chain(one, 5, U64(3)) != chain(one, 4, U64(3))
    assert chain(one, 5, U64(3)) != chain(one, 5, U64(4))


@pytest.mark.parametrize("common", [30, 120, 250])
def test_bands_agree_as_often_as_the_sets_of_three_words_do(common: int) -> None:
    # Texts with one run of equal words: common - 2 equal triples of 298 each.
    agree = 0
    for _ in range(400):
        one, other = words(300), words(300)
        other[:common] = one[:common]
        agree += sum(a == b for a, b in zip(banded(one), banded(other), strict=True))
    jaccard = (common - 2) / (2 * 298 - (common - 2))
    # 3,200 comparisons, hardly dependent: four standard deviations.
    assert agree / 3200 == pytest.approx(jaccard, abs=4 * np.sqrt(jaccard * (1 - jaccard) / 3200))


def test_topics_agree_as_often_as_the_sets_of_words_do() -> None:
    agree = 0
    for _ in range(800):
        one, other = words(100), words(100)
        other[:50] = one[:50]
        agree += sum(a == b for a, b in zip(topical(one), topical(RANDOM.permutation(other)), strict=True))
    assert agree / 3200 == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 3200))


def test_repeated_words_change_no_topic() -> None:
    one = words(20)
    assert topical(np.concatenate([one, one[::-1]])) == topical(one)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_short_texts_have_every_band_and_strangers_share_none(length: int) -> None:
    one, other = banded(words(length)), banded(words(length))
    assert all(one)
    assert not set(one) & set(other)


def test_every_band_of_a_long_text_has_words_of_its_own() -> None:
    # The least of some 250 random values, and no borrowed one, is far below the middle of their range.
    assert max(banded(words(2000))) < 1 << 28


def test_a_borrowed_band_does_not_look_like_its_source() -> None:
    values = banded(words(3))
    assert len(set(values)) == BANDS


def test_no_words_have_no_bands() -> None:
    assert banded(words(0)) == [0] * BANDS
    assert topical(words(0)) == [0] * TOPICS
