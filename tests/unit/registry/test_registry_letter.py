"""The letter to a named party."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registers import CLAIMS, DRAFT, NETWORK, NOW, OFFICIAL, Story, evidence
from stillwatch.errors import RegistryError
from stillwatch.registry.letter import write_letter


def test_the_letter_says_everything_that_is_held_against_the_party() -> None:
    entry = Story().notified(replace(DRAFT, criteria=NETWORK), evidence(), OFFICIAL)
    text = write_letter(entry, register="register.example", deadline=NOW, reply_to="answers@register.example")
    for claim in CLAIMS:
        assert f'"{claim.words}" ({claim.said_by}; confidence {claim.confidence} of 100)' in text
    for words in (
        "21 September 2026",
        "answers@register.example",
        evidence().bundle,
        "entry 1 of the log log1.example",
        "https://o.example",
        "sells accounts; knowingly: Its price list",
        "anti-censorship exception, tested: It sells accounts",
        "silence proves nothing",
        "You can appeal",
    ):
        assert words in text


def test_there_is_no_letter_before_there_is_evidence() -> None:
    entry = Story().do(DRAFT)
    with pytest.raises(RegistryError, match="no evidence"):
        write_letter(entry, register="r", deadline=NOW, reply_to="a")
