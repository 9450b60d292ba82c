"""The store's clock is set while budgets are shared: no tokens are made but one burst, and nobody is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.gateway.store_server import PROGRAMS, StoreServer, running

from limits_workers import admitted, spend, subjects, until, worker
from set_clock import COMPILER, REASON, SetClock
from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, LimitExceeded
from stillwatch.gateway.settings import LimitRule

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason=REASON),
    pytest.mark.skipif(not PROGRAMS, reason="no redis-server or valkey-server here"),
]
HOURS = 9
SLOW = LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=1, burst=5)
FAST = LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=600, burst=5)
STREAMS = LimitRule(Level.ACCOUNT, Unit.STREAMS, most=2)
STREAM = Cost(input_tokens=0.0, output_hold=0.0, stream=True)


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    return SetClock(tmp_path)


@pytest.fixture(params=PROGRAMS)
def server(tmp_path: Path, clock: SetClock, request: pytest.FixtureRequest) -> Iterator[StoreServer]:
    with running(tmp_path, program=PROGRAMS[request.param], environment=clock.environment) as started:
        yield started


def test_a_clock_set_ahead_fills_a_budget_once_and_set_back_never(server: StoreServer, clock: SetClock) -> None:
    async def main() -> None:
        async with worker(server, SLOW) as limits:
            assert await spend(limits, "alice", seconds=0.3) == 5
            clock.set(HOURS)
            assert await spend(limits, "alice", seconds=2.0) <= 5
            clock.set(0)
            assert await spend(limits, "alice", seconds=2.0) == 0
            clock.set(-HOURS)
            assert await spend(limits, "alice", seconds=2.0) == 0

    asyncio.run(main())


@pytest.mark.parametrize("hours", [HOURS, -HOURS])
def test_a_budget_refills_after_the_clock_was_set_as_before(server: StoreServer, clock: SetClock, hours: int) -> None:
    async def main() -> None:
        async with worker(server, FAST) as limits:
            await spend(limits, "alice", seconds=0.3)
            clock.set(hours)
            assert await spend(limits, "alice", seconds=2.0) >= 5

    asyncio.run(main())


async def has_room(limits: Limits) -> bool:
    try:
        (await limits.admit(subjects("alice"), STREAM)).release()
    except LimitExceeded:
        return False
    return True


def test_a_worker_that_crashed_before_the_clock_was_set_back_leaks_no_stream(
    server: StoreServer, clock: SetClock
) -> None:
    async def main() -> None:
        async with worker(server, STREAMS, lease_seconds=4.0, crashes=True) as crashing:
            for _ in range(2):
                await crashing.admit(subjects("alice"), STREAM)
        clock.set(-HOURS)
        async with worker(server, STREAMS, lease_seconds=4.0) as other:
            # Within two leases; before this was so, only when the clock had come to that hour again.
            for _ in range(600):
                if await has_room(other):
                    break
                await asyncio.sleep(0.1)
            assert await has_room(other)
            await until(lambda: other.health().workers == 1)

    asyncio.run(main())


def test_a_living_worker_s_use_is_counted_once_however_the_clock_is_set(server: StoreServer, clock: SetClock) -> None:
    async def main() -> None:
        async with worker(server, SLOW) as one, worker(server, SLOW) as two:
            used = int(await admitted(one, "alice")) + int(await admitted(two, "alice"))
            clock.set(-HOURS)
            for limits in (one, two):
                used += await spend(limits, "alice", seconds=1.0)
            assert used <= 5

    asyncio.run(main())
