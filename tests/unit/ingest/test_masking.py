"""What a report may show of a prompt."""

from __future__ import annotations

import json
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.kernels.automaton import fold
from stillwatch.ingest.lexicon import phrases_of_use
from stillwatch.ingest.masking import MAX_ENDING, MAX_SHOWN, excerpt, mask_for_display

PRIVATE = "Xylotoqua Vrbnik qqfz"


def test_words_of_use_stay_and_all_else_is_hidden() -> None:
    shown = mask_for_display("Think step by step about Xylotoqua, who owes 4711 zorkmids.")
    assert "step by step" in shown
    assert "\u2592" * 9 in shown
    assert not any(word in shown for word in ("Xylo", "4711", "zork"))


def test_layout_stays() -> None:
    shown = mask_for_display("- qqfz:\n  <zzyx> [vrbn]!")
    assert shown == "- \u2592\u2592\u2592\u2592:\n  <\u2592\u2592\u2592\u2592> [\u2592\u2592\u2592\u2592]!"


def test_places_stay_where_lower_case_is_longer() -> None:
    text = "\u0130\u0130\u0130 qqfz step by step qqfz"
    shown = mask_for_display(text)
    assert len(shown) == len(text)
    assert shown[9:21] == "step by step"


def test_vowel_signs_and_digits_of_other_scripts_are_hidden() -> None:
    shown = mask_for_display("\u0938\u0941\u0930\u0947\u0936 \u0661\u0662\u0663 \u24b6 \u00b2")
    assert set(shown) == {"\u2592", " "}


def test_an_ending_stays_but_no_other_word() -> None:
    assert "generates" in mask_for_display("it generates")
    assert "generatorovich" not in mask_for_display("ask generatorovich")


def test_long_numbers_near_words_of_use_are_hidden() -> None:
    assert "4929123412341234" not in mask_for_display("score from 0 to 4929123412341234")


WORDS = st.sampled_from(
    [PRIVATE, "step by step", "scores", "generatorovich", "1", "12345", "\u0130", "\u5199\u51fa", ":"]
)


@settings(deadline=None)  # the first call compiles
@given(st.text(max_size=80) | st.lists(WORDS).map(" ".join))
def test_what_is_shown_is_part_of_a_phrase_or_its_ending(text: str) -> None:
    shown = mask_for_display(text)
    assert all(b in (a, "\u2592") for a, b in zip(text, shown, strict=True))
    phrases = phrases_of_use()
    ends = tuple(phrase.split()[-1] for phrase in phrases)
    # Punctuation of every script is shown; ``fold`` blanks only that of the common ones.
    bare = "".join("\n" if c == "\u2592" or (category(c)[0] == "P" and not c.isascii()) else c for c in shown)
    for word in fold(bare).decode().strip("<[ ").split():
        inside = any(word in phrase for phrase in phrases)
        assert inside or any(word.startswith(end) and len(word) <= len(end) + MAX_ENDING for end in ends), word


def test_takes_the_last_user_message() -> None:
    messages = [{"role": "user", "content": "one"}, {"role": "user", "content": [{"text": "two"}, {"text": "three"}]}]
    assert excerpt(json.dumps([*messages, {"role": "assistant", "content": "four"}])) == "two\nthree"


@pytest.mark.parametrize(
    "text", ["[not json", "[1]", "[]", '[{"role": "user"}]', "[" * 100_000, '[{"role": "user", "content": 3}]', "{}"]
)
def test_what_is_no_message_list_is_text(text: str) -> None:
    assert excerpt(text).startswith(text[:20])


def test_excerpts_are_short_and_have_no_control_characters() -> None:
    shown = excerpt("a\x00b\x1b[31m\u202ec\td\n" + "words " * 10_000)
    assert len(shown) <= MAX_SHOWN + 2
    assert all(c.isprintable() or c == "\n" for c in shown)
