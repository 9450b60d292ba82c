"""The vocabulary."""

from __future__ import annotations

from stillwatch.registry.screening.han_words import KIND_WORDS, LEGAL, PLACE_WORDS, SURNAMES_BEFORE
from stillwatch.registry.screening.scripts import HAN, fold


def test_every_word_is_simplified_chinese_and_has_something_to_say() -> None:
    for word in (*KIND_WORDS, *PLACE_WORDS, *LEGAL):
        assert all(HAN.match(c) for c in word), word
        assert fold(word) == word
    for said in (*KIND_WORDS.values(), *PLACE_WORDS.values()):
        assert any(said)
        assert all(word.isascii() and word == word.lower() for one in said for word in one)


def test_longer_legal_forms_come_first() -> None:
    for at, form in enumerate(LEGAL):
        assert not [longer for longer in LEGAL[at + 1 :] if longer != form and form in longer], form


def test_surnames_are_single_characters() -> None:
    assert {"鲁", "曹", "欧", "司"} - SURNAMES_BEFORE == {"司"}
