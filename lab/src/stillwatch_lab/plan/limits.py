"""What a host's limits make of a harvest: days with so many accounts, or accounts for so many days."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stillwatch_lab.plan.costs import Harvest


@dataclass(frozen=True)
class AccountLimits:
    """What one account may have a day, and what it costs to get one. None = no such limit."""

    calls_a_day: float | None = None
    tokens_a_day: float | None = None
    """Prompts and answers together."""
    usd_an_account: float = 0.0
    """A verified phone number, a card, a sign-up: what another account costs whoever needs many."""
    days_until_suspended: float | None = None
    """How long an account of a harvest lasts before it is found; none = for ever."""


def account_days(harvest: Harvest, limits: AccountLimits) -> float:
    """Account-days that the harvest takes; 0 where nothing limits it."""
    by_calls = harvest.queries / limits.calls_a_day if limits.calls_a_day else 0.0
    tokens = harvest.input_tokens + harvest.output_tokens
    by_tokens = tokens / limits.tokens_a_day if limits.tokens_a_day else 0.0
    return max(by_calls, by_tokens)


def days_needed(harvest: Harvest, limits: AccountLimits, *, accounts: int) -> float:
    """Days with so many accounts at work at any time."""
    return account_days(harvest, limits) / accounts


def accounts_at_once(harvest: Harvest, limits: AccountLimits, *, days: float) -> int:
    """Accounts that must work at any time to be done in so many days."""
    return math.ceil(account_days(harvest, limits) / days)


def accounts_used_up(harvest: Harvest, limits: AccountLimits, *, accounts: int) -> int:
    """Accounts opened in all, those that replace suspended ones included."""
    if limits.days_until_suspended is None:
        return accounts
    return max(accounts, math.ceil(account_days(harvest, limits) / limits.days_until_suspended))
