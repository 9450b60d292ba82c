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
        budget.refill(now)
        there = budget.level - budget.holds
        if budget.lease is None:
            whole, rate = budget.burst, budget.rate
        else:
            whole, rate, there = _leased(budget, budget.lease.elsewhere, there)
        remaining = 0.0 if there < 0.0 else min(there, whole)
        unit = budget.key.unit
        known = tightest.get(unit)
        if known is None or remaining < known.remaining:
            shown = (rate * 60, remaining, (whole - remaining) / rate) if rate > 0.0 else (whole, remaining, 0.0)
            # NamedTuple's own constructor is a Python function: this is the way of every call.
            tightest[unit] = tuple.__new__(Headroom, shown)
    return tightest


def _leased(budget: Budget, elsewhere: float, here: float) -> tuple[float, float, float]:
    """Return size, rate and what is there of a budget of which this worker holds a part."""
    if isfinite(here):
        return budget.whole_burst, budget.whole_rate, here + elsewhere
    return budget.whole_burst * budget.share, budget.whole_rate * budget.share, here
