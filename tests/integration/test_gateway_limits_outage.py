"""A store that is killed, frozen or restarted: nobody waits long, each rule does what it says, and it is said aloud."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from benchmarks.gateway.store_server import PROGRAMS, StoreServer, running

from limits_workers import CALL, Told, admitted, spend, subjects, until, worker
from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import StoreClosed
from stillwatch.gateway.settings import LimitRule

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="no redis-server or valkey-server here")

PATIENCE = 0.25
"""Seconds for an answer: more than the default, as the machine may be busy."""

End = Callable[[StoreServer], None]
each_end = pytest.mark.parametrize("end", [StoreServer.kill, StoreServer.pause], ids=["killed", "frozen"])


def rule(when: Literal["local", "closed", "open"] = "local") -> LimitRule:
    return LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=60, burst=4, when_store_fails=when)


def begin_again(server: StoreServer, end: End) -> None:
    if end is StoreServer.kill:
        server.start()
    else:
        server.resume()


@pytest.fixture(params=PROGRAMS)
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StoreServer]:
    with running(tmp_path, program=PROGRAMS[request.param]) as started:
        yield started


async def fails(limits: Limits) -> None:
    await until(lambda: limits.health().store == "failing")


@each_end
def test_a_local_rule_goes_on_at_this_workers_share(server: StoreServer, end: End) -> None:
    async def main() -> None:
        async with (
            worker(server, rule(), patience=PATIENCE) as limits,
            worker(server, rule(), patience=PATIENCE) as other,
        ):
            await spend(limits, "alice", seconds=0.2)
            await until(lambda: limits.health().workers == other.health().workers == 2)
            end(server)
            await fails(limits)
            started = time.monotonic()
            done = await spend(limits, "alice", seconds=3.0)
            # Half of a call a second, and at most half of the burst to begin with.
            assert 1 <= done <= 2 + 0.5 * (time.monotonic() - started) + 1
            assert limits.health().rules == {1: "local"}

    asyncio.run(main())


@each_end
def test_a_closed_rule_refuses_as_unavailable(server: StoreServer, end: End) -> None:
    async def main() -> None:
        async with worker(server, rule("closed"), patience=PATIENCE) as limits:
            assert await admitted(limits, "alice")
            end(server)
            await fails(limits)
            for account in ("alice", "somebody new"):
                with pytest.raises(StoreClosed):
                    await limits.admit(subjects(account), CALL)

    asyncio.run(main())


@each_end
def test_an_open_rule_lets_pass_and_counts(server: StoreServer, end: End) -> None:
    told = Told()

    async def main() -> None:
        async with worker(server, rule("open"), patience=PATIENCE, told=told) as limits:
            end(server)
            await fails(limits)
            for _ in range(50):
                await limits.admit(subjects("alice"), CALL)
            assert limits.health().failed_open == told.open_calls == 50

    asyncio.run(main())


@each_end
def test_no_call_waits_for_a_store_that_is_not_there(server: StoreServer, end: End) -> None:
    async def main() -> None:
        async with worker(server, rule("closed"), patience=PATIENCE) as limits:
            end(server)
            with pytest.raises(StoreClosed):
                await limits.admit(subjects("alice"), CALL)
            assert limits.health().store == "failing"

    asyncio.run(asyncio.wait_for(main(), 60))


@each_end
def test_an_outage_and_its_end_are_said_and_budgets_are_shared_again(
    server: StoreServer, end: End, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()

    async def main() -> None:
        async with worker(server, rule(), patience=PATIENCE, told=told) as limits:
            began = time.monotonic()
            await limits.admit(subjects("alice"), CALL)
            end(server)
            await fails(limits)
            used = 1 + await spend(limits, "alice", seconds=0.3)
            begin_again(server, end)
            await until(lambda: limits.health().store == "shared")
            used += await spend(limits, "alice", seconds=0.3)
            # A burst of 4, a call a second, and one that was leased when the store went away.
            assert used <= 4 + (time.monotonic() - began) + 1
            await until(lambda: limits.health().rules == {})
        async with worker(server, rule()) as fresh:
            used += await spend(fresh, "alice", seconds=0.2)
            assert used <= 4 + (time.monotonic() - began) + 1

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    # On a machine that stalls the store may fail more than once; whatever happens, each change is told once.
    assert told.modes == ["failing", "shared"] * (len(told.modes) // 2)
    assert told.modes
    assert "does not answer" in caplog.text
    assert "answers again" in caplog.text


def test_a_worker_that_starts_without_a_store_says_so_and_finds_it_later(server: StoreServer) -> None:
    server.kill()

    async def main() -> None:
        async with worker(server, rule(), patience=PATIENCE) as limits:
            await fails(limits)
            assert await admitted(limits, "alice")
            server.start()
            await until(lambda: limits.health().store == "shared")
            assert await admitted(limits, "bob")

    asyncio.run(main())
