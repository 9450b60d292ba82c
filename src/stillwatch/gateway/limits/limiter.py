"""The limiter that the proxy talks to: finds a call's budgets, holds on all of them, goes on without a store."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence

from stillwatch.gateway.limits.breaker import FAILURES
from stillwatch.gateway.limits.budget import Source
from stillwatch.gateway.limits.health import Health, Observer, Silent
from stillwatch.gateway.limits.hold import BLOCK, Held
from stillwatch.gateway.limits.leaser import Leaser
from stillwatch.gateway.limits.ledger import Ledger
from stillwatch.gateway.limits.plan import Plan
from stillwatch.gateway.limits.plans import Plans
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.limits.store import LeaseStore, RedisStore
from stillwatch.gateway.limits.table import TableFull
from stillwatch.gateway.limits.usage import PLACES
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, LimitExceeded, StoreClosed, Subjects
from stillwatch.gateway.settings import GatewaySettings, LimitRule

log = logging.getLogger(__name__)

SOON_SECONDS = 0.05
"""No refusal says less: what is free sooner was in the way only for a moment."""
ATTEMPTS = FAILURES + 1
"""Questions to the store a call waits for: until an outage is noticed, or others were quicker three times."""
MOST_BUDGETS = 1 << 18
"""Budgets a worker remembers, about 100 MB. Full ones are forgotten first; if all are in use, newcomers wait."""
FULL_TABLE_SECONDS = 1.0
"""After which a newcomer may ask again: budgets fill up all the time."""


class Limits:
    """Implements ``ports.Limiter`` for one worker and one event loop.

    ``workers`` is how many share the limits. Without a store each counts alone, at its share of every limit; with one,
    call ``start`` in the event loop first, and ``stop`` at the end. Raises SettingsError where a rule makes no sense.
    """

    def __init__(
        self,
        rules: Sequence[LimitRule],
        *,
        clock: Callable[[], float],
        workers: int = 1,
        store: LeaseStore | None = None,
        observer: Observer | None = None,
        most_budgets: int = MOST_BUDGETS,
    ) -> None:
        self._rules = LimitRules(rules)
        self._clock, self._observer = clock, observer or Silent()
        self._workers, self._store = workers, store
        self._leaser: Leaser | None = None
        if store is not None:
            self._leaser = Leaser(
                store,
                worker=secrets.token_hex(8),
                workers=workers,
                clock=clock,
                on_outage=self._begin_outage,
                on_recovery=self._end_outage,
            )
        self._ledger = Ledger(clock, self._leaser.need if self._leaser is not None else None)
        share = 1.0 if store is not None else 1.0 / workers
        self._plans = Plans(self._rules, clock=clock, share=share, shared=store is not None, most=most_budgets)
        self._failing, self._failed_open = False, 0

    def start(self) -> None:
        """Begin to lease budgets from the store, in the running event loop."""
        if self._leaser is not None:
            self._leaser.start()

    async def stop(self) -> None:
        """Give the leases back."""
        if self._leaser is not None:
            await self._leaser.stop()

    async def admit(self, subjects: Subjects, cost: Cost) -> Held:
        """Hold what the call needs on every level, all or nothing. Raises LimitExceeded or StoreClosed."""
        try:
            plan = self._plans.of(subjects, limit_factor=cost.limit_factor)
        except TableFull:
            raise LimitExceeded(Level.ACCOUNT, Unit.CALLS, FULL_TABLE_SECONDS) from None
        held = self._ledger.admit(plan, cost, now=self._clock())
        if held is None and self._leaser is not None:
            held = await self._admit_with_store(plan, cost, self._leaser)
        if held is None:
            raise self._refusal(plan, cost)
        if self._failing:
            self._note_open(plan)
        return held

    def join_campaign(self, account: str, campaign: str) -> None:
        """Charge the campaign's budgets with what the account used in the last minute, once for each campaign."""
        usage = self._plans.usage(account)
        if usage is None or usage.campaign == campaign:
            return
        usage.campaign, now = campaign, self._clock()
        subjects = Subjects(account, None, campaign, usage.model, usage.plan)
        try:
            budgets = [b for b in self._plans.budgets(subjects) if b.key.level is Level.CAMPAIGN]
        except TableFull:
            log.warning("limits: no room for another budget; an account's recent use is not carried into its campaign")
            return
        for budget in budgets:
            if budget.key.unit in PLACES:
                budget.refill(now)
                budget.charge(usage.recent(budget.key.unit, now=now))
                if self._leaser is not None:
                    self._leaser.keep(budget)

    def health(self) -> Health:
        """Return the limiter's state."""
        leaser = self._leaser
        outstanding = leaser.outstanding if leaser is not None else 0.0
        touched = {place: rule.when_store_fails for place, rule in enumerate(self._rules.rules, start=1)}
        return Health(
            store="none" if leaser is None else "failing" if self._failing else "shared",
            workers=self._workers if leaser is None else leaser.workers,
            rules=touched if self._failing else {},
            outstanding_leases=outstanding,
            overshoot_bound=outstanding + BLOCK * len(self._ledger.open),
            open_holds=len(self._ledger.open),
            budgets=len(self._plans),
            failed_open=self._failed_open,
            scripts="none" if self._store is None else self._store.scripts,
        )

    async def _admit_with_store(self, plan: Plan, cost: Cost, leaser: Leaser) -> Held | None:
        """Ask the store for what is missing, together with all other calls that wait just now."""
        for _ in range(ATTEMPTS):
            now = self._clock()
            short = list(self._ledger.short_of(plan, cost, now=now))
            if self._failing or not all(b.lease is not None and b.lease.may_ask(now) for b, _ in short):
                return None
            for budget, amount in short:
                leaser.need(budget, amount)
            await leaser.answered()
            held = self._ledger.admit(plan, cost, now=self._clock())
            if held is not None:
                return held
        return None

    def _refusal(self, plan: Plan, cost: Cost) -> LimitExceeded | StoreClosed:
        """Say which budget is short for longest."""
        short = list(self._ledger.short_of(plan, cost, now=self._clock()))
        if any(b.source is Source.CLOSED for b, _ in short):
            return StoreClosed("the store of shared limits does not answer, and a rule says when_store_fails = closed")
        waits = [(b.seconds_until(amount), b.key) for b, amount in short]
        if not waits:
            # It became free between the two looks.
            return LimitExceeded(Level.ACCOUNT, Unit.CALLS, SOON_SECONDS)
        seconds, key = max(waits, key=lambda wait: wait[0])
        return LimitExceeded(key.level, key.unit, max(seconds, SOON_SECONDS))

    def _note_open(self, plan: Plan) -> None:
        if any(b.source is Source.OPEN for b in plan.budgets()):
            self._failed_open += 1
            self._observer.failed_open()

    def _begin_outage(self, reason: str) -> None:
        self._failing = True
        workers = self._leaser.workers if self._leaser is not None else self._workers
        self._plans.begin_outage(workers)
        log.error("limits: the store does not answer (%s); each rule goes by its when_store_fails", reason)
        self._observer.store_mode("failing", reason)

    def _end_outage(self) -> None:
        self._failing = False
        for budget in self._plans.end_outage():
            if self._leaser is not None:
                self._leaser.keep(budget)
        log.warning("limits: the store answers again; budgets are shared")
        self._observer.store_mode("shared", "the store answers again")


def limits_of(settings: GatewaySettings, *, clock: Callable[[], float], observer: Observer | None = None) -> Limits:
    """Return the limiter of one worker as the settings say. Raises SettingsError."""
    store = RedisStore(settings.store) if settings.store.url else None
    return Limits(settings.limits, clock=clock, workers=settings.listen.workers, store=store, observer=observer)
