from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_model_that_an_account_calls(see: See) -> None:
    rows = [call(1, model=70), call(1, model=70), call(1, model=71), call(2, model=70)]
    assert see("model", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_no_model_that_an_account_does_not_call(see: See) -> None:
    assert see("model", [call(1, model=70), call(2, model=71)]) == [(1, 70, 1), (2, 71, 1)]
