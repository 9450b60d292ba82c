from __future__ import annotations

from hand_made_calls import See, calls_in


def test_sees_equal_stints_wherever_they_lie(see: See) -> None:
    rows = calls_in(1, [0, 10, 20, 30, 40, 70]) + calls_in(2, [500, 510, 520, 530, 540, 571])
    assert see("lifetime", rows) == [(1, 2, 6), (2, 2, 6)]


def test_keeps_longer_stints_apart_and_says_nothing_after_five_calls(see: See) -> None:
    rows = calls_in(1, [0, 1, 2, 3, 4, 48]) + calls_in(2, [0, 1, 2, 3, 4, 96]) + calls_in(3, [0, 1, 2, 3, 48])
    assert see("lifetime", rows) == [(1, 2, 6), (2, 4, 6)]


def test_says_nothing_of_accounts_that_ran_for_less_than_a_window(see: See) -> None:
    assert see("lifetime", calls_in(1, [0, 1, 2, 3, 4, 23]) + calls_in(2, [0, 1, 2, 3, 4, 24])) == [(2, 1, 6)]
