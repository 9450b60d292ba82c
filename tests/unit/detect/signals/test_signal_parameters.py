from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_parameter_set_that_an_account_shows(see: See) -> None:
    rows = [call(1, parameters=70), call(1, parameters=70), call(1, parameters=71), call(2, parameters=70)]
    assert see("parameters", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_parameter_set_is_unknown(see: See) -> None:
    assert see("parameters", [call(1, parameters=None), call(2, parameters=70)]) == [(2, 70, 1)]
