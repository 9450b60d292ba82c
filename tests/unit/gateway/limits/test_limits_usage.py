from __future__ import annotations

import pytest

from stillwatch.gateway.limits.usage import CALLS, MOST_FACTOR, OUTPUT_TOKENS, Usage
from stillwatch.gateway.nouns import Unit


def test_the_last_minute_slides() -> None:
    usage = Usage(now=0.0)
    usage.add(OUTPUT_TOKENS, 100.0, 30.0)
    assert usage.recent(Unit.OUTPUT_TOKENS, now=59.0) == 100
    assert usage.recent(Unit.OUTPUT_TOKENS, now=90.0) == pytest.approx(50)
    assert usage.recent(Unit.OUTPUT_TOKENS, now=121.0) == 0
    assert usage.recent(Unit.CALLS, now=30.0) == 0


def test_it_may_be_forgotten_when_nothing_is_recent() -> None:
    usage = Usage(now=0.0)
    usage.add(CALLS, 1.0, 100.0)
    assert not usage.is_idle(130.0)
    assert usage.is_idle(300.0)


def test_a_clock_that_jumps_back_keeps_what_was_used() -> None:
    usage = Usage(now=1000.0)
    usage.add(CALLS, 5.0, 1000.0)
    usage.add(CALLS, 1.0, 0.0)
    assert usage.recent(Unit.CALLS, now=0.0) == 6


def test_dense_text_is_underestimated_once_and_forgotten_slowly() -> None:
    usage = Usage(now=0.0)
    usage.learn(100.0, 400.0)
    assert usage.input_factor == 4
    usage.learn(100.0, 100.0)
    assert 3.5 < usage.input_factor < 4


def test_a_wild_count_moves_the_factor_within_bounds() -> None:
    usage = Usage(now=0.0)
    usage.learn(1.0, 1e9)
    assert usage.input_factor == MOST_FACTOR
    usage.learn(0.0, 5.0)
    usage.learn(5.0, 0.0)
    assert usage.input_factor == MOST_FACTOR
