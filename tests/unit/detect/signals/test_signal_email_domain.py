from __future__ import annotations

from hand_made_calls import See


def test_sees_the_domain_of_each_account(see: See) -> None:
    rows = [{"account": 1, "email_domain": 70}, {"account": 2, "email_domain": 70}]
    assert see("email_domain", rows) == [(1, 70, 1), (2, 70, 1)]


def test_sees_nothing_where_the_domain_is_unknown(see: See) -> None:
    rows = [{"account": 1, "email_domain": None}, {"account": 2, "email_domain": 71}]
    assert see("email_domain", rows) == [(2, 71, 1)]
