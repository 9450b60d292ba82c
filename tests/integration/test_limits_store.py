"""Budgets shared through a real Redis: the bound holds for all workers together, and for any of their clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from redis_server import PROGRAM, RedisServer, running
from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.limits.store import RedisStore
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, LimitExceeded, Subjects
from stillwatch.gateway.settings import LimitRule, Store

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no redis-server or valkey-server here")

PATIENT = 2.0
"""Seconds for one answer of the store: this machine may be busy, and these tests are not about time-outs."""
CALL = Cost(input_tokens=0.0, output_hold=0.0, stream=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running(tmp_path) as started:
        yield started


def subjects(account: str) -> Subjects:
    return Subjects(account, None, None, "model")


@asynccontextmanager
async def worker(server: RedisServer, *rules: LimitRule, clock: Callable[[], float] = time.monotonic, query: str = ""):
    store = RedisStore(Store(url=server.url + query, connect_seconds=PATIENT, operation_seconds=PATIENT))
    limits = Limits(rules, clock=clock, store=store)
    limits.start()
    try:
        yield limits
    finally:
        await limits.stop()


async def spend(limits: Limits, account: str, *, seconds: float) -> int:
    """Call as often as the limits allow; return how often that was."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            (await limits.admit(subjects(account), CALL)).release()
            done += 1
        except LimitExceeded:
            pass
        await asyncio.sleep(0.002)
    return done


def test_workers_together_use_one_budget_and_all_of_it(server: RedisServer) -> None:
    rule = LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=6000, burst=100)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            workers = [await stack.enter_async_context(worker(server, rule)) for _ in range(4)]
            started = time.monotonic()
            done = sum(await asyncio.gather(*(spend(w, "alice", seconds=2.0) for w in workers)))
            allowed = 100 + 100 * (time.monotonic() - started)
        assert done <= allowed + 1
        assert done >= 0.5 * allowed

    asyncio.run(main())
