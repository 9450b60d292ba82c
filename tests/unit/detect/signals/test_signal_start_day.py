from __future__ import annotations

from hand_made_calls import See, calls_in

DAY = 24


def test_sees_accounts_that_begin_on_one_day(see: See) -> None:
    rows = calls_in(1, [DAY * 9, DAY * 10, DAY * 20]) + calls_in(2, [DAY * 9 + 23, DAY * 12, DAY * 13])
    assert see("start_day", rows) == [(1, 9, 3), (2, 9, 3)]


def test_keeps_the_day_after_apart_and_says_nothing_after_two_calls(see: See) -> None:
    rows = calls_in(1, [DAY * 9] * 3) + calls_in(2, [DAY * 10] * 3) + calls_in(3, [DAY * 9] * 2)
    assert see("start_day", rows) == [(1, 9, 3), (2, 10, 3)]
