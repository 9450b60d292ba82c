from __future__ import annotations

from hand_made_calls import See, calls_in

DAY = 24


def test_sees_the_day_on_which_an_account_turned_to_its_latest_model(see: See) -> None:
    rows = calls_in(1, [0, DAY], model=1) + calls_in(1, [DAY * 5 + 3, DAY * 6], model=2)
    assert see("model_switch", rows) == [(1, 5, 4)]


def test_sees_no_switch_where_there_is_one_model(see: See) -> None:
    assert see("model_switch", calls_in(1, [0, DAY * 5], model=1)) == []


def test_sees_no_switch_where_all_models_were_used_from_the_first_day(see: See) -> None:
    rows = calls_in(1, [0, DAY * 5], model=1) + calls_in(1, [3, DAY * 5], model=2)
    assert see("model_switch", rows) == []
