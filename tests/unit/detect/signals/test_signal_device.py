from __future__ import annotations

from hand_made_calls import See


def test_sees_the_device_of_each_account(see: See) -> None:
    rows = [{"account": 1, "device_fingerprint": 70}, {"account": 2, "device_fingerprint": 70}]
    assert see("device", rows) == [(1, 70, 1), (2, 70, 1)]


def test_sees_nothing_where_the_device_is_unknown(see: See) -> None:
    rows = [{"account": 1, "device_fingerprint": None}, {"account": 2, "device_fingerprint": 71}]
    assert see("device", rows) == [(2, 71, 1)]
