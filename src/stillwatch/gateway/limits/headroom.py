"""What a caller is told of its budgets: its own account's, never a wider level's.

A campaign's budget in a header would tell accounts that they were linked.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.plan import Plan
from stillwatch.gateway.nouns import Unit
from stillwatch.gateway.ports import Headroom


def account_headroom(plan: Plan, *, now: float) -> Mapping[Unit, Headroom]:
    """Return the tightest of the account's budgets of each unit."""
    tightest: dict[Unit, Headroom] = {}
    for budget in plan.of_account:
        shown = _shown(budget, now)
        unit = budget.key.unit
        known = tightest.get(unit)
        if known is None or shown.remaining < known.remaining:
            tightest[unit] = shown
    return tightest


def _shown(budget: Budget, now: float) -> Headroom:
    budget.refill(now)
    there = budget.level - budget.holds
    if budget.lease is None:
        whole, rate = budget.burst, budget.rate
    else:
        whole, rate = budget.whole_burst * budget.share, budget.whole_rate * budget.share
        if isfinite(there):
            whole, rate = budget.whole_burst, budget.whole_rate
            there += budget.lease.elsewhere
    remaining = min(max(there, 0.0), whole)
    if rate > 0.0:
        return Headroom(rate * 60, remaining, (whole - remaining) / rate)
    return Headroom(whole, remaining, 0.0)
