from __future__ import annotations

from hand_made_calls import See


def test_sees_the_card_of_each_account(see: See) -> None:
    rows = [{"account": 1, "payment_fingerprint": 70}, {"account": 2, "payment_fingerprint": 70}]
    assert see("payment", rows) == [(1, 70, 1), (2, 70, 1)]


def test_sees_nothing_where_the_card_is_unknown(see: See) -> None:
    rows = [{"account": 1, "payment_fingerprint": None}, {"account": 2, "payment_fingerprint": 71}]
    assert see("payment", rows) == [(2, 71, 1)]
