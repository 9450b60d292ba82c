"""The attacks of benchmarks/gateway/attacks.py, in simulated time: no minute sees more than twice its limit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks live beside the package, not in it

from benchmarks.gateway.attacks import (
    Bucket,
    burst_of_refunds,
    burst_of_refunds_from,
    disconnects,
    fleet,
    honest,
    parallel_bursts,
    unstreamed,
)
from benchmarks.gateway.world import PER_MINUTE, Gate, World

ATTACKS: dict[str, Callable[[Gate], None]] = {
    "refunds after a minute": partial(burst_of_refunds, minutes=1.0),
    "refunds after ten minutes": partial(burst_of_refunds, minutes=10.0),
    "large refunds after ten minutes": partial(burst_of_refunds, minutes=10.0, hold=4096.0),
    "as many streams as fit": partial(fleet, per_second=50.0, minutes=5.0),
    "as many fast streams as fit": partial(fleet, per_second=150.0, minutes=5.0),
    "four answers a call": partial(fleet, per_second=50.0, minutes=5.0, weight=4.0),
    "hanging up": partial(disconnects, minutes=5.0),
    "parallel bursts": partial(parallel_bursts, minutes=3.0),
    "answers in one piece": partial(unstreamed, minutes=5.0),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_minute_sees_more_than_twice_the_limit(attack: Callable[[Gate], None]) -> None:
    world = World()
    attack(Gate(world))
    assert 0.5 * PER_MINUTE <= world.peak() <= 2.0 * PER_MINUTE


def test_refunding_limiters_fail_the_same_attack() -> None:
    world = burst_of_refunds_from(partial(Bucket, capped=False), minutes=10.0)
    assert world.peak() > 10 * PER_MINUTE


def test_without_the_pause_the_same_attack_passes() -> None:
    world = World()
    fleet(Gate(world, pauses=False), per_second=150.0, minutes=5.0)
    assert world.peak() > 3 * PER_MINUTE


def test_honest_streams_do_not_stall_at_three_quarters_of_the_limit() -> None:
    use = honest(Gate(World()), load=0.75, minutes=60.0)
    assert use.stalled_seconds == 0
    assert use.refused < 0.02 * use.streams
    assert use.used > 0.65


def test_honest_callers_get_nearly_all_of_the_limit_at_full_load() -> None:
    assert honest(Gate(World()), load=1.0, minutes=60.0).used > 0.9
