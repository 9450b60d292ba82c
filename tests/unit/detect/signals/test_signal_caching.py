from __future__ import annotations

from hand_made_calls import See, call


def test_sees_the_tenth_of_input_that_was_cached(see: See) -> None:
    rows = [call(1, input_tokens=1000, cached_input_tokens=940), call(2, input_tokens=1000, cached_input_tokens=0)]
    assert see("caching", rows) == [(1, 9, 1), (2, 0, 1)]


def test_takes_unknown_caching_for_no_lack_of_it(see: See) -> None:
    rows = [
        call(1, input_tokens=1000),
        call(1, input_tokens=1000, cached_input_tokens=500),
        call(2, input_tokens=1000),
        call(3, input_tokens=0, cached_input_tokens=0),
    ]
    assert see("caching", rows) == [(1, 5, 1)]
