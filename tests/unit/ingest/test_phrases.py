"""Phrases found by the automaton, compared with looking for every phrase at every place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.kernels.phrases import MAX_PARTS, Rule, build, fold, lower, scan

PAIRS = [(" red fox", 0), (" red", 1), ("狐", 2), (" rot 0 ", 3), ("< think", 4), (" über", 5), ("[ a b", 6), (" x", 7)]
RULES = [Rule(part, -1, 0, 1 << part) for part in range(8)]


def lowered(text: str) -> bytes:
    raw = text.encode()
    out = np.zeros(len(raw), np.uint8)
    lower(np.frombuffer(raw, np.uint8) if raw else out, len(raw), out)
    return out.tobytes()


def found(text: str, pairs: Sequence[tuple[str, int]] = PAIRS, rules: Sequence[Rule] = RULES) -> int:
    low = np.frombuffer(lowered(text) + b"\0", np.uint8)
    return int(scan(low, len(low) - 1, build(pairs, rules), np.zeros(MAX_PARTS, np.int64)))


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


def test_a_phrase_of_several_parts_counts_for_each() -> None:
    assert found("red", [(" red", 0), (" red", 1)], RULES) == 3


@pytest.mark.parametrize("phrase", ["", " ", "...", "　"])
def test_refuses_an_empty_phrase(phrase: str) -> None:
    with pytest.raises(ValueError, match="everywhere"):
        build([(phrase, 0)], [])


def test_refuses_a_phrase_that_would_start_inside_a_word() -> None:
    with pytest.raises(ValueError, match="json"):
        build([("json", 0)], [])


@settings(deadline=None)  # the first call compiles
@given(st.text(alphabet=st.characters(max_codepoint=0x17F) | st.sampled_from("ΑΩαωΣАЯЁабё中"), max_size=40))
def test_lower_case_is_that_of_unicode_where_lengths_stay(text: str) -> None:
    # Kept: letters whose other halves are one byte long or begin with another byte. Blanked: the signs of Latin-1.
    kept = "İıĿŸ"
    expected = "".join("  " if 0x80 <= ord(c) < 0xC0 else c if c in kept else c.lower() for c in text)
    assert lowered(text).decode() == expected


@settings(deadline=None)  # the first call compiles
@given(st.text(max_size=60))
def test_lower_keeps_the_length_and_does_nothing_twice(text: str) -> None:
    once = lowered(text)
    assert len(once) == len(text.encode())
    assert lowered(once.decode()) == once


def test_wide_punctuation_and_spaces_become_blanks() -> None:
    assert lowered("a\uff0cb\u3002c\u201cd\u201de\u00a0f").split() == [b"a", b"b", b"c", b"d", b"e", b"f"]
