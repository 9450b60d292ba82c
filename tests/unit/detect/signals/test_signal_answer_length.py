from __future__ import annotations

from hand_made_calls import See, call


def test_sees_the_mean_of_answers_in_powers_of_two(see: See) -> None:
    rows = [call(1, output_tokens=1000), call(1, output_tokens=1046), call(2, output_tokens=4095)]
    assert see("answer_length", rows) == [(1, 10, 2), (2, 12, 1)]


def test_takes_no_unknown_length_for_zero(see: See) -> None:
    rows = [call(1, output_tokens=None), call(1, output_tokens=1023), call(2, output_tokens=None)]
    assert see("answer_length", rows) == [(1, 10, 1)]
