"""Changes in words."""

from __future__ import annotations

import pytest

from registers import CHANGES
from stillwatch.registry.changes import Signed
from stillwatch.registry.nouns import Ground, Stance
from stillwatch.registry.statuses import Step
from stillwatch.registry.words import GROUND, STANCE, told, visible


@pytest.mark.parametrize("step", Step)
def test_every_change_can_be_told(step: Step) -> None:
    said = told(Signed(5, "me", CHANGES[step]))
    assert said.title
    assert all(label and text for label, text in said.details)


def test_every_stance_and_ground_has_words() -> None:
    assert set(STANCE) == set(Stance)
    assert set(GROUND) == set(Ground)


def test_what_would_hide_or_turn_text_around_shows() -> None:
    assert visible("a\u202eb\n") == "a\\u202eb\n"
    assert visible("z" + "\u0300" * 9) == "z" + "\u0300" * 2
