"""Phrases to states: what is refused, and which words are passed over whole."""

from __future__ import annotations

from itertools import product
from string import ascii_lowercase

import pytest

from stillwatch.ingest.kernels.automaton import Rule, build, fold, prefix_bit

PHRASES = [" red fox", " re", " tea ", " te", "狐", " x", " bread and butter", " by the", " a ", " oh"]


@pytest.mark.parametrize("phrase", ["", " ", "...", "　"])
def test_refuses_an_empty_phrase(phrase: str) -> None:
    with pytest.raises(ValueError, match="everywhere"):
        build([(phrase, 0)], [])


def test_refuses_a_phrase_that_would_start_inside_a_word() -> None:
    with pytest.raises(ValueError, match="json"):
        build([("json", 0)], [])


def test_folds_letters_numbers_and_punctuation() -> None:
    assert fold("  Über 1,234 -- <THINK>[A]") == " über 0 0 < think [ a ".encode()
    assert fold("") == b""


def test_a_word_is_dull_where_no_phrase_begins_like_it() -> None:
    """Three letters are dull unless a phrase goes on with them, or is found on the way."""
    automaton = build([(phrase, i) for i, phrase in enumerate(PHRASES)], [Rule(0, -1, 0, 1)])
    for letters in map("".join, product(ascii_lowercase, repeat=3)):
        word = " " + letters
        expected = not any(p.startswith(word) or word[:-1].startswith(p) or word == p for p in PHRASES)
        bit = prefix_bit(*letters.encode())
        assert bool(int(automaton.dull[bit >> 6]) >> (bit & 63) & 1) == expected, letters


def test_a_short_word_is_dull_where_no_phrase_is_it_or_goes_on_behind_it() -> None:
    automaton = build([(phrase, i) for i, phrase in enumerate(PHRASES)], [Rule(0, -1, 0, 1)])
    for letters in [*ascii_lowercase, *map("".join, product(ascii_lowercase, repeat=2))]:
        word = f" {letters} "
        expected = not any(p.startswith(word) or word.startswith(p) for p in PHRASES)
        for behind in b" az" if len(letters) == 1 else b" ":
            bit = prefix_bit(*f"{letters} ".encode()[:3], *[behind] * (2 - len(letters)))
            assert bool(int(automaton.dull[bit >> 6]) >> (bit & 63) & 1) == expected, letters
