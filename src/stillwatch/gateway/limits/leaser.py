"""Keeps this worker's leases: gathers what calls wait for and what is due into one question at a time to the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from stillwatch.gateway.limits.breaker import Breaker
from stillwatch.gateway.limits.budget import Budget, Source
from stillwatch.gateway.limits.lease import Lease, Request
from stillwatch.gateway.limits.store import LeaseStore, StoreFailed
from stillwatch.gateway.nouns import Unit

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5
"""How often leases are looked after: a quarter of what they cover."""
RESTART_SECONDS = 1.0
BATCH = 256
"""Budgets in one question: about 2 ms of the store's time, below which others do not notice."""


class Leaser:
    """Asks the store for this worker. ``workers`` is how many it knows; before the first answer, what settings say."""

    def __init__(
        self,
        store: LeaseStore,
        *,
        worker: str,
        workers: int,
        clock: Callable[[], float],
        on_outage: Callable[[str], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self.workers, self.breaker = workers, Breaker()
        self._store, self._worker, self._clock = store, worker, clock
        self._on_outage, self._on_recovery = on_outage, on_recovery
        self._kept: dict[Budget, None] = {}
        """Budgets with a lease, a need or unreported use."""
        self._urgent: dict[Budget, None] = {}
        self._wake = asyncio.Event()
        self._answered: asyncio.Future[None] | None = None
        """Done when what is needed now has been asked for; ``_answering`` when the question under way is over."""
        self._answering: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.ending = False
        """Said besides cancelling: Python 3.11's ``wait_for``, which redis-py waits with, can forget a cancellation."""

    def start(self) -> None:
        """Begin to look after leases, in the running event loop."""
        if self.ending:
            return
        self._task = asyncio.get_running_loop().create_task(self._look_after())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Report what was used, give the leases back if the store answers, and end."""
        self.ending = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for budget in list(self._kept):
            if budget.lease is not None:
                budget.lease.need = budget.lease.per_second = budget.lease.last_need = 0.0
        if not self.breaker.is_open:
            await self._ask(list(self._kept))
        await self._store.close()

    def keep(self, budget: Budget) -> None:
        """Look after this budget from now on."""
        self._kept[budget] = None

    def need(self, budget: Budget, amount: float) -> None:
        """Ask the store soon for ``amount`` more than is held; the caller does not wait."""
        lease = budget.lease
        if lease is not None and lease.may_ask(self._clock()) and not self.breaker.is_open:
            lease.ask_for(amount)
            self._kept[budget] = self._urgent[budget] = None
            self._wake.set()

    async def answered(self) -> None:
        """Wait until the store answered what is needed now, or failed to."""
        if self._task is None:
            self.start()
        if self._answered is None:
            self._answered = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._answered)

    @property
    def outstanding(self) -> float:
        """Return the sum of this worker's leases, in tokens: what a store that forgets them could give out again."""
        counted = (Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS)
        return sum(b.lease.amount for b in self._kept if b.lease is not None and b.key.unit in counted)

    async def _look_after(self) -> None:
        last = self._clock()
        while not self.ending:
            # Not wait_for: until Python 3.12 it forgets a cancellation that comes as the waiting ends (gh-86296).
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            asked, self._urgent = self._urgent, {}
            waiting, self._answered = self._answered, None
            self._answering = waiting
            now = self._clock()
            if not asked or now - last >= PERIOD_SECONDS:
                last = now
                asked |= {b: None for b in self._kept if b.lease is not None and b.lease.is_due(b.used, now=now)}
            if self.breaker.may_try(now):
                await self._ask(list(asked))
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Begin anew after a mistake of ours: calls must neither wait for ever nor pass unseen meanwhile."""
        if task.cancelled() or (mistake := task.exception()) is None:
            return
        log.error("limits: leasing from the store stopped; it begins again in %s s", RESTART_SECONDS, exc_info=mistake)
        if not self.breaker.is_open:
            self.breaker.is_open = True
            self._on_outage(f"{type(mistake).__name__} while leasing")
        for waiting in (self._answering, self._answered):
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
        self._answering = self._answered = None
        asyncio.get_running_loop().call_later(RESTART_SECONDS, self.start)

    async def _ask(self, budgets: list[Budget]) -> None:
        """Ask in batches. Without budgets too: the store counts who is there, and an outage is noticed."""
        for start in range(0, max(len(budgets), 1), BATCH):
            try:
                await self._ask_batch(budgets[start : start + BATCH])
            except StoreFailed as problem:
                if self.breaker.fail(self._clock()):
                    self._on_outage(str(problem))
                return

    async def _ask_batch(self, budgets: list[Budget]) -> None:
        sent_at = self._clock()
        asked = [(b, b.lease, _request(b, b.lease, self.workers, sent_at)) for b in budgets if b.lease is not None]
        self.workers, grants = await self._store.lease(self._worker, [request for _, _, request in asked])
        if self.breaker.succeed():
            self._on_recovery()
        for (budget, lease, request), grant in zip(asked, grants, strict=True):
            lease.accept(request, grant, sent_at=sent_at)
            budget.draw_from(Source.LEASED, now=sent_at, share=1.0)
            # What was used since the question was sent is not in the answer.
            budget.level = grant.amount - (budget.used - request.used)
            if lease.is_idle(budget.used):
                self._kept.pop(budget, None)


def _request(budget: Budget, lease: Lease, workers: int, now: float) -> Request:
    return lease.request(
        str(budget.key),
        rate=budget.whole_rate,
        burst=budget.whole_burst,
        used=budget.used,
        held=budget.holds + budget.waiting,
        workers=max(workers, 1),
        now=now,
    )
