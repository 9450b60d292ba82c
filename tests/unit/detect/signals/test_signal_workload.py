from __future__ import annotations

from hand_made_calls import See, call


def test_sees_an_equal_share_of_calls(see: See) -> None:
    assert see("workload", [call(1)] * 60 + [call(2)] * 66) == [(1, 6, 60), (2, 6, 66)]


def test_keeps_another_share_apart_and_says_nothing_after_two_calls(see: See) -> None:
    assert see("workload", [call(1)] * 60 + [call(2)] * 20 + [call(3)] * 2) == [(1, 6, 60), (2, 4, 20)]
