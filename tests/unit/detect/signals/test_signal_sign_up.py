from __future__ import annotations

from hand_made_calls import See


def test_sees_accounts_created_in_one_window_together(see: See) -> None:
    rows = [{"account": 1, "created_hour": 600}, {"account": 2, "created_hour": 605}]
    assert see("sign_up", rows) == [(1, 100, 1), (2, 100, 1)]


def test_keeps_the_next_window_apart_and_unknown_dates_out(see: See) -> None:
    rows = [{"account": 1, "created_hour": 605}, {"account": 2, "created_hour": 606}, {"account": 3}]
    assert see("sign_up", rows) == [(1, 100, 1), (2, 101, 1)]
