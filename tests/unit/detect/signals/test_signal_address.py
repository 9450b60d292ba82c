from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_address_that_an_account_shows(see: See) -> None:
    rows = [call(1, address=70), call(1, address=70), call(1, address=71), call(2, address=70)]
    assert see("address", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_address_is_unknown(see: See) -> None:
    assert see("address", [call(1, address=None), call(2, address=70)]) == [(2, 70, 1)]
