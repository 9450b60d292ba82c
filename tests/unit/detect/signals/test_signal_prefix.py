from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_network_that_an_account_shows(see: See) -> None:
    rows = [call(1, prefix=70), call(1, prefix=70), call(1, prefix=71), call(2, prefix=70)]
    assert see("prefix", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_network_is_unknown(see: See) -> None:
    assert see("prefix", [call(1, prefix=None), call(2, prefix=70)]) == [(2, 70, 1)]
