from __future__ import annotations

from hand_made_calls import See, call


def test_sees_the_quarter_of_the_ceiling_that_answers_fill(see: See) -> None:
    rows = [call(1, ceiling=1000, output_tokens=1000), call(2, ceiling=1000, output_tokens=260)]
    assert see("ceiling_use", rows) == [(1, 4, 1), (2, 1, 1)]


def test_sees_nothing_without_a_ceiling(see: See) -> None:
    assert see("ceiling_use", [call(1, ceiling=None, output_tokens=5), call(2, ceiling=0, output_tokens=5)]) == []


def test_leaves_calls_without_a_ceiling_out_of_the_sum(see: See) -> None:
    rows = [call(1, ceiling=1000, output_tokens=250), call(1, ceiling=0, output_tokens=750), call(1, output_tokens=9)]
    assert see("ceiling_use", rows) == [(1, 1, 1)]
