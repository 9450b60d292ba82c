from __future__ import annotations

from hand_made_calls import See, calls_in


def test_tells_a_machine_from_somebody_who_sleeps(see: See) -> None:
    rows = calls_in(1, range(0, 72, 3)) + calls_in(2, [9, 10, 11, 14, 57, 58] * 4)
    assert see("round_the_clock", rows) == [(1, 2, 24), (2, 1, 24)]


def test_says_nothing_before_every_hour_could_have_been_touched(see: See) -> None:
    assert see("round_the_clock", calls_in(1, range(23))) == []


def test_says_nothing_of_a_script_that_ran_once(see: See) -> None:
    assert see("round_the_clock", calls_in(1, range(48))) == []
    assert see("round_the_clock", calls_in(1, range(49))) == [(1, 6, 49)]
