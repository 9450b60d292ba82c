"""Workers of the limiter at a real store, for integration tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.gateway.store_server import StoreServer

from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.limits.store import RedisStore
from stillwatch.gateway.ports import Cost, LimitExceeded, Subjects
from stillwatch.gateway.settings import LimitRule, Store

PATIENT = 10.0
"""Seconds for one answer of the store: the machine may be busy, and most of these tests are not about time-outs."""
CALL = Cost(input_tokens=0.0, output_hold=0.0, stream=False)


@dataclass
class Told:
    """What an observer was told."""

    modes: list[str] = field(default_factory=list)
    open_calls: int = 0

    def store_mode(self, mode: Literal["shared", "failing"], reason: str) -> None:
        assert reason
        self.modes.append(mode)

    def failed_open(self) -> None:
        self.open_calls += 1


def subjects(account: str, campaign: str | None = None) -> Subjects:
    return Subjects(account, None, campaign, "model")


@asynccontextmanager
async def worker(
    server: StoreServer,
    *rules: LimitRule,
    clock: Callable[[], float] = time.monotonic,
    query: str = "",
    patience: float = PATIENT,
    lease_seconds: float = 10.0,
    told: Told | None = None,
    crashes: bool = False,
) -> AsyncIterator[Limits]:
    settings = Store(url=server.url + query, connect_seconds=patience, operation_seconds=patience)
    store = RedisStore(settings, lease_seconds=lease_seconds)
    limits = Limits(rules, clock=clock, store=store, observer=told)
    limits.start()
    try:
        yield limits
    finally:
        if crashes:
            await crash(limits, store)
        else:
            await limits.stop()


async def crash(limits: Limits, store: RedisStore) -> None:
    """End without a word to the store."""
    assert limits._leaser is not None
    assert limits._leaser._task is not None
    limits._leaser.ending = True
    limits._leaser._task.cancel()
    await asyncio.gather(limits._leaser._task, return_exceptions=True)
    await store.close()


async def spend(limits: Limits, account: str, *, seconds: float) -> int:
    """Call as often as the limits allow, for so long and until they refuse; return how often that was.

    However the machine stalls, the last call was made when the time was over, and there was nothing left. For budgets
    that refill slowly: others are never empty on a machine that is slow.
    """
    done, end = 0, time.monotonic() + seconds
    while True:
        is_late = time.monotonic() >= end
        is_admitted = await admitted(limits, account)
        done += is_admitted
        if is_late and not is_admitted:
            return done
        await asyncio.sleep(0.002)


async def admitted(limits: Limits, account: str) -> bool:
    try:
        (await limits.admit(subjects(account), CALL)).release()
    except LimitExceeded:
        return False
    return True


async def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait until something holds, and fail if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.01)
