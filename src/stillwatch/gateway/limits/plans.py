"""Finds and makes the budgets of a call's subjects, and remembers them within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from stillwatch.gateway.limits.budget import Budget, Key, Source
from stillwatch.gateway.limits.lease import Lease
from stillwatch.gateway.limits.plan import Plan, plan_of
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.limits.table import Table
from stillwatch.gateway.limits.usage import Usage
from stillwatch.gateway.ports import Subjects

FAILING = {"local": Source.OWN, "closed": Source.CLOSED, "open": Source.OPEN}


class Plans:
    """Budgets, usages and plans of one worker, at most ``most`` of each. ``shared``: whether a store leases them."""

    def __init__(self, rules: LimitRules, *, clock: Callable[[], float], share: float, shared: bool, most: int) -> None:
        self._rules, self._clock, self._share, self._shared, self._most = rules, clock, share, shared, most
        self._budgets: Table[Key, Budget] = Table(
            most, is_idle=lambda b: b.is_as_new(self._clock()), forgot=self._forget_plans
        )
        self._usages: Table[str, Usage] = Table(
            most, is_idle=lambda u: u.is_idle(self._clock()), forgot=self._forget_plans
        )
        self._plans: dict[Subjects, Plan] = {}
        self._lowered: dict[str, float] = {}
        self._outage = False

    def __len__(self) -> int:
        return len(self._budgets)

    def of(self, subjects: Subjects, *, limit_factor: float) -> Plan:
        """Return the plan of these subjects, the account's budgets scaled. Raises TableFull."""
        plan = self._plans.get(subjects)
        if plan is None:
            plan = self._make(subjects)
            if len(self._plans) >= self._most:
                self._plans.clear()
            self._plans[subjects] = plan
        if limit_factor != 1.0 or subjects.account in self._lowered:
            self._scale(plan, subjects.account, limit_factor)
        return plan

    def budgets(self, subjects: Subjects) -> Iterator[Budget]:
        """Yield the budgets that a call of these subjects draws on. Raises TableFull."""
        return (self._budget(key) for key in self._rules.keys(subjects))

    def usage(self, account: str) -> Usage | None:
        """Return what the account used lately, if it called lately."""
        return self._usages.find(account)

    def begin_outage(self, workers: int) -> None:
        """Let every budget draw from where its rule says while the store fails."""
        self._outage, self._share = True, 1.0 / max(workers, 1)
        self._forget_plans()
        now = self._clock()
        for budget in self._budgets:
            left = budget.part_of_what_is_left(self._share, now=now)
            budget.draw_from(FAILING[budget.rule.when_store_fails], now=now, share=self._share)
            if budget.source is Source.OWN:
                budget.level = min(max(budget.level, left), budget.burst)

    def end_outage(self) -> Iterator[Budget]:
        """Let budgets draw from the store again: nothing is free until it has answered. Yield what it must hear of."""
        self._outage, self._share = False, 1.0
        self._forget_plans()
        now = self._clock()
        for budget in self._budgets:
            budget.draw_from(Source.LEASED, now=now, share=1.0)
            budget.level = min(max(budget.level, 0.0), budget.holds)
            if budget.holds > 0.0 or (budget.lease is not None and not budget.lease.is_idle(budget.used)):
                yield budget

    def _make(self, subjects: Subjects) -> Plan:
        usage = self._usages.get(subjects.account, lambda: Usage(now=self._clock()))
        usage.plan, usage.model = subjects.plan, subjects.model
        return plan_of(self.budgets(subjects), usage, metered=self._rules.has_campaigns)

    def _forget_plans(self) -> None:
        """Make every plan anew when it is next asked for: it may name a budget that is gone, or of another size."""
        self._plans.clear()

    def _budget(self, key: Key) -> Budget:
        return self._budgets.get(key, lambda: self._new(key))

    def _new(self, key: Key) -> Budget:
        rule, now = self._rules.rules[key.rule], self._clock()
        if not self._shared:
            return Budget(key, rule, now=now, share=self._share)
        budget = Budget(key, rule, now=now, lease=Lease(now=now))
        if self._outage:
            budget.level = inf  # all of this worker's share: another account's outage is not this one's use
            budget.draw_from(FAILING[rule.when_store_fails], now=now, share=self._share)
        return budget

    def _scale(self, plan: Plan, account: str, factor: float) -> None:
        self._lowered[account] = factor
        for budget in plan.of_account:
            if budget.factor != factor:
                budget.scale(factor, now=self._clock())
        plan.resize()
