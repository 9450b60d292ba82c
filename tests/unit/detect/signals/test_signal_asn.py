from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_autonomous_system_that_an_account_shows(see: See) -> None:
    rows = [call(1, asn=70), call(1, asn=70), call(1, asn=71), call(2, asn=70)]
    assert see("asn", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_autonomous_system_is_unknown(see: See) -> None:
    assert see("asn", [call(1, asn=None), call(2, asn=70)]) == [(2, 70, 1)]
