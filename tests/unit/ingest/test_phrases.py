"""Phrases found by the automaton, compared with looking for every phrase at every place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.kernels.automaton import MAX_PARTS, Rule, build, fold
from stillwatch.ingest.kernels.blocks import BLOCK
from stillwatch.ingest.kernels.letters import lower
from stillwatch.ingest.kernels.phrases import scan

PAIRS = [(" red fox", 0), (" red", 1), ("狐", 2), (" rot 0 ", 3), ("< think", 4), (" über", 5), ("[ a b", 6), (" x", 7)]
RULES = [Rule(part, -1, 0, 1 << part) for part in range(8)]


def found(text: str, pairs: Sequence[tuple[str, int]] = PAIRS, rules: Sequence[Rule] = RULES) -> int:
    """Look into the text, behind which another one is left over, as in a buffer that is used again."""
    raw = np.frombuffer(text.encode() + b"red fox <think> " * 2, np.uint8)
    low = np.zeros(len(raw), np.uint8)
    lower(raw, len(raw), low)
    return int(scan(low, len(low) - BLOCK, build(pairs, rules), np.zeros(MAX_PARTS, np.int64)))


def slow_found(text: str) -> int:
    """Fold the whole text and look for every phrase as a substring."""
    folded = b" " + fold(text).removeprefix(b" ")
    folded += b"" if folded.endswith(b" ") else b" "
    return sum(1 << part for part in {part for phrase, part in PAIRS if fold(phrase) in folded})


WORDS = st.sampled_from(
    [
        "red",
        "Red ",
        "fox",
        "redfox",
        "foxes",
        "狐",
        "<think>",
        "< thin",
        "[",
        "A",
        "b",
        "Über",
        "rot",
        "1",
        "42",
        " ",
        "-",
    ]
)


@settings(deadline=None)  # the first call compiles
@given(st.lists(WORDS, max_size=12).map("".join) | st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=30))
def test_finds_what_a_search_at_every_place_finds(text: str) -> None:
    assert found(text) == slow_found(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The RED, fox.", 3),
        ("a redder foxtrot", 2),
        ("infrared", 0),
        ("白狐狸", 4),
        ("ROT 1234.", 8),
        ("rot 12x", 0),
        ("<THINK>", 16),
        ("ÜBERALL", 32),
        ("[a] b", 64),
        ("x", 128),
    ],
)
def test_case_punctuation_and_endings_do_not_matter(text: str, expected: int) -> None:
    assert found(text) == expected


def test_two_parts_make_a_cue_in_either_order_when_they_are_near() -> None:
    pairs, rules = [(" write", 0), (" thought", 1)], [Rule(0, 1, 20, 1)]
    assert found("write down the thought", pairs, rules) == 1
    assert found("a thought to write", pairs, rules) == 1
    assert found("write " + "x " * 20 + "thought", pairs, rules) == 0
    assert found("write " * 3, pairs, rules) == 0


@pytest.mark.parametrize(("gap", "expected"), [(11, 0), (12, 1)])
def test_the_distance_is_counted_from_end_to_end(gap: int, expected: int) -> None:
    # "write" ends at 5, "thought" at 17.
    assert found("write 34 thought.", [(" write", 0), (" thought", 1)], [Rule(0, 1, gap - 1, 1)]) == expected


def test_the_distance_is_counted_to_the_nearest_find() -> None:
    pairs, rules = [(" write", 0), (" thought", 1)], [Rule(0, 1, 20, 1)]
    assert found("thought " + "x " * 40 + "write thought", pairs, rules) == 1


def test_a_phrase_inside_another_is_found_as_well() -> None:
    pairs = [(" she sells shells", 0), (" sells", 1), (" shells", 2)]
    assert found("she sells shells", pairs, RULES) == 7


@pytest.mark.parametrize("letters", [28, 29, 30, 31, 32, 33, 64, 65, 100])
def test_a_long_word_is_passed_over_to_its_end_and_no_further(letters: int) -> None:
    assert found("q" * letters + " red") == 2
    assert found("redq" + "q" * letters + "red") == 2
    assert found("q" * letters + "red") == 0


def test_a_phrase_of_several_parts_counts_for_each() -> None:
    assert found("red", [(" red", 0), (" red", 1)], RULES) == 3
