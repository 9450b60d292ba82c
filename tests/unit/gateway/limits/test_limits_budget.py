from __future__ import annotations

from math import inf

import pytest

from stillwatch.gateway.limits.budget import RETRY_STREAMS, Budget, Key, Source
from stillwatch.gateway.limits.lease import Lease
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.settings import LimitRule


def budget(*, per_minute: float = 600, burst: float | None = None, share: float = 1.0, leased: bool = False) -> Budget:
    rule = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=per_minute, burst=burst)
    lease = Lease(now=0.0) if leased else None
    return Budget(Key(0, rule.level, rule.unit, "alice"), rule, now=0.0, share=share, lease=lease)


def streams(most: int, *, share: float = 1.0) -> Budget:
    rule = LimitRule(Level.ACCOUNT, Unit.STREAMS, most=most)
    return Budget(Key(0, rule.level, rule.unit, "alice"), rule, now=0.0, share=share)


def test_it_refills_up_to_one_minute_unless_a_burst_is_said() -> None:
    one = budget()
    one.charge(600)
    one.refill(30.0)
    assert one.level == pytest.approx(300)
    one.refill(1e9)
    assert one.level == 600
    assert budget(burst=50).level == 50


def test_holds_do_not_refill() -> None:
    one = budget()
    one.holds = 500
    one.refill(600.0)
    assert one.free() == pytest.approx(100)


def test_a_clock_that_jumps_back_gives_nothing() -> None:
    one = budget()
    one.charge(600)
    one.refill(-1e6)
    assert one.level == 0
    one.refill(-1e6 + 1)
    assert one.level == pytest.approx(10)


def test_a_charge_goes_below_zero_by_one_burst_at_most() -> None:
    one = budget()
    one.charge(1e9)
    assert one.level == -600
    one.charge(1.0)
    assert one.level == -600
    assert one.used == pytest.approx(1e9 + 1)


def test_it_says_how_long_the_refill_takes() -> None:
    one = budget()
    one.charge(600)
    assert one.seconds_until(100) == pytest.approx(10)
    assert one.seconds_until(1e9) == pytest.approx(60), "nobody can be told to wait for what never comes"
    assert streams(1).seconds_until(2) == RETRY_STREAMS
    assert budget().seconds_until(100) == 0.0


def test_workers_without_a_store_have_their_share() -> None:
    quarter = budget(share=0.25)
    assert (quarter.level, quarter.rate) == (150, 2.5)
    assert streams(2, share=0.25).level == 1, "a part of one stream would refuse everybody"


def test_a_lowered_limit_spills_and_a_restored_one_fills_with_time() -> None:
    one = budget()
    one.scale(0.5, now=0.0)
    assert (one.level, one.rate) == (300, 5)
    one.scale(1.0, now=0.0)
    assert one.level == 300
    one.refill(10.0)
    assert one.level == pytest.approx(400)


def test_lowered_streams_keep_what_is_open() -> None:
    gauge = streams(4)
    gauge.holds = 3
    gauge.scale(0.5, now=0.0)
    assert gauge.free() == -1
    gauge.scale(1.0, now=0.0)
    assert gauge.free() == 1
    gauge.scale(0.0, now=0.0)
    assert gauge.free() < 0


def test_it_may_be_forgotten_only_when_full_and_unheld() -> None:
    one = budget()
    assert one.is_as_new(0.0)
    one.charge(1)
    assert not one.is_as_new(0.0)
    assert one.is_as_new(1.0)
    one.holds = 1
    assert not one.is_as_new(1.0)
    one.holds = 0
    one.queue["stream"] = 1.0
    assert not one.is_as_new(1.0)


def test_a_leased_budget_has_what_was_granted_and_no_more_with_time() -> None:
    leased = budget(leased=True)
    assert leased.level == 0
    leased.refill(1e6)
    assert leased.level == 0


def test_without_its_store_it_draws_from_where_the_rule_says() -> None:
    leased = budget(leased=True)
    leased.level = 1000.0
    leased.draw_from(Source.OWN, now=0.0, share=0.5)
    assert (leased.level, leased.rate) == (300, 5)
    leased.draw_from(Source.OPEN, now=0.0, share=0.5)
    assert leased.free() == inf
    leased.draw_from(Source.CLOSED, now=0.0, share=0.5)
    assert leased.free() == -inf
    leased.draw_from(Source.LEASED, now=0.0, share=1.0)
    assert leased.rate == 0
