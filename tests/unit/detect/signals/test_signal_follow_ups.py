from __future__ import annotations

from hand_made_calls import See, call


def test_tells_those_who_never_ask_back_from_those_who_converse(see: See) -> None:
    harvest, talk = [call(1)] * 10, [call(2)] + [call(2, turns=2)] * 9
    assert see("follow_ups", harvest + talk) == [(1, 0, 10), (2, 9, 10)]


def test_says_nothing_after_two_calls(see: See) -> None:
    assert see("follow_ups", [call(1)] * 2) == []
