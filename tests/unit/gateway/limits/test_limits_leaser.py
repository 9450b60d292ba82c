from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from limits_bench import tokens
from limits_workers import until
from stillwatch.gateway.limits.breaker import FAILURES
from stillwatch.gateway.limits.budget import Budget, Key
from stillwatch.gateway.limits.lease import Grant, Lease, Request
from stillwatch.gateway.limits.leaser import BATCH, Leaser
from stillwatch.gateway.limits.store import StoreFailed


class Generous:
    """A store that grants everything, or fails."""

    scripts = "evalsha"

    def __init__(self) -> None:
        self.batches: list[list[Request]] = []
        self.fails = False
        self.on_ask: Callable[[], None] = lambda: None

    async def lease(self, worker: str, requests: Sequence[Request]) -> tuple[int, list[Grant]]:
        assert worker == "worker"
        self.on_ask()
        await asyncio.sleep(0)
        if self.fails:
            raise StoreFailed("down")
        self.batches.append(list(requests))
        return 3, [Grant(r.want, 10.0, 6000.0) for r in requests]

    async def close(self) -> None:
        pass


def budget(account: str = "alice") -> Budget:
    rule = tokens()
    return Budget(Key(0, rule.level, rule.unit, account), rule, now=0.0, lease=Lease(now=0.0))


def leaser(store: Generous, events: list[str] | None = None) -> Leaser:
    said = [] if events is None else events
    return Leaser(
        store,  # type: ignore[arg-type]
        worker="worker",
        workers=1,
        clock=asyncio.get_running_loop().time,
        on_outage=said.append,
        on_recovery=lambda: said.append("recovered"),
    )


def test_a_need_is_asked_for_at_once_and_use_since_then_is_not_lost() -> None:
    store, one = Generous(), budget()

    async def main() -> None:
        asks = leaser(store)
        store.on_ask = lambda: one.charge(30.0)
        asks.start()
        asks.need(one, 100.0)
        await asks.answered()
        assert one.level == 100 - 30
        assert asks.workers == 3
        assert asks.outstanding == 100
        await asks.stop()

    asyncio.run(main())
    assert store.batches[-1][0].used == 30
    assert store.batches[-1][0].want == 0, "a worker that ends gives its lease back"


def test_many_budgets_go_in_few_questions() -> None:
    store = Generous()

    async def main() -> None:
        asks = leaser(store)
        asks.start()
        for n in range(BATCH + 1):
            asks.need(budget(str(n)), 1.0)
        await asks.answered()
        await asks.stop()

    asyncio.run(main())
    assert [len(batch) for batch in store.batches[:2]] == [BATCH, 1]


def test_a_mistake_of_ours_is_an_outage_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.limits.leaser.RESTART_SECONDS", 0.05)
    store, events = Generous(), list[str]()

    def fail() -> None:
        store.on_ask = lambda: None
        raise RuntimeError

    async def main() -> None:
        asks = leaser(store, events)
        store.on_ask = fail
        asks.need(budget(), 1.0)
        await asks.answered()
        assert asks.breaker.is_open
        await until(lambda: len(events) == 2)
        await asks.stop()

    asyncio.run(asyncio.wait_for(main(), 30))
    assert events == ["RuntimeError while leasing", "recovered"]


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    store, events = Generous(), list[str]()

    async def main() -> None:
        asks = leaser(store, events)
        asks.start()
        store.fails = True
        for _ in range(FAILURES):
            asks.need(budget(), 1.0)
            await asks.answered()
        assert asks.breaker.is_open
        asks.need(budget(), 1.0)
        store.fails = False
        await until(lambda: len(events) == 2)
        await asks.stop()

    asyncio.run(asyncio.wait_for(main(), 30))
    assert events == ["down", "recovered"]


@pytest.mark.parametrize("turns", range(6))
def test_an_end_that_meets_a_need_is_an_end(turns: int) -> None:
    """At whatever turn of the loop it comes: asyncio.wait_for of Python 3.11 forgets a cancellation then."""

    async def main() -> None:
        asks = leaser(Generous())
        asks.start()
        for _ in range(5):
            await asyncio.sleep(0)
        asks.need(budget(), 100.0)
        for _ in range(turns):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(asks.stop())
        done, _ = await asyncio.wait([stopping], timeout=10.0)
        assert done, "it waits for a task that was not cancelled"

    asyncio.run(main())


def test_it_ends_though_the_store_s_client_forgets_a_cancellation() -> None:
    class Forgetful(Generous):
        async def lease(self, worker: str, requests: Sequence[Request]) -> tuple[int, list[Grant]]:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)
            return await super().lease(worker, requests)

    async def main() -> None:
        asks = leaser(Forgetful())
        asks.start()
        asks.need(budget(), 100.0)
        await asyncio.sleep(0.02)
        stopping = asyncio.create_task(asks.stop())
        done, _ = await asyncio.wait([stopping], timeout=10.0)
        assert done, "it waits for a task that was not cancelled"

    asyncio.run(main())
