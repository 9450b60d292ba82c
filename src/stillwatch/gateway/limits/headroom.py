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
    for budget in plan.of_account():
        shown = _shown(budget, now=now)
        unit = budget.key.unit
        if unit not in tightest or shown.remaining < tightest[unit].remaining:
            tightest[unit] = shown
    return tightest


def _shown(budget: Budget, *, now: float) -> Headroom:
    budget.refill(now)
    whole, rate = budget.whole_burst * budget.share, budget.whole_rate * budget.share
    there = budget.level - budget.holds
    if budget.lease is not None and isfinite(there):
        whole, rate = budget.whole_burst, budget.whole_rate
        there += budget.lease.elsewhere
    remaining = min(max(there, 0.0), whole)
    limit = rate * 60 if rate > 0.0 else whole
    return Headroom(limit, remaining, (whole - remaining) / rate if rate > 0.0 else 0.0)
