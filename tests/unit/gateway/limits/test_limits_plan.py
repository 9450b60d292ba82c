from __future__ import annotations

from math import inf

from limits_bench import Books, tokens
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.settings import LimitRule


def test_a_hold_is_no_larger_than_a_quarter_of_the_smallest_burst() -> None:
    assert Books([tokens(), tokens(Level.GLOBAL, burst=100)]).plan().largest_hold == 25
    assert Books([]).plan().largest_hold == inf


def test_budgets_are_sorted_by_unit() -> None:
    rules = [LimitRule(Level.ACCOUNT, u, per_minute=60) for u in Unit if u is not Unit.STREAMS]
    plan = Books([LimitRule(Level.ACCOUNT, Unit.STREAMS, most=1), *rules]).plan()
    units = (plan.calls, plan.inputs, plan.outputs, plan.streams)
    assert [[b.key.unit for b in budgets] for budgets in units] == [[u] for u in Unit]


def test_use_is_counted_only_where_campaigns_have_limits() -> None:
    assert not Books([tokens()]).plan().metered
    assert Books([tokens(Level.CAMPAIGN)]).plan().metered
