from __future__ import annotations

import pytest

from limits_bench import Books, Clock, tokens
from stillwatch.gateway.limits.budget import Source
from stillwatch.gateway.limits.plans import Plans
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.limits.table import TableFull
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Subjects
from stillwatch.gateway.settings import LimitRule


def shared(*rules: LimitRule) -> Plans:
    return Plans(LimitRules(rules), clock=Clock(), share=1.0, shared=True, most=100)


def of(plans: Plans, account: str = "alice") -> list[Source]:
    return [b.source for b in plans.of(Subjects(account, None, None, "big"), limit_factor=1.0).budgets()]


def test_accounts_of_one_organization_share_its_budget_and_not_their_own() -> None:
    books = Books([tokens(), tokens(Level.ORGANIZATION)])
    alice, bob = books.plan("alice").budgets(), books.plan("bob").budgets()
    assert alice[0] is not bob[0]
    assert alice[1] is bob[1]


def test_another_model_does_not_make_another_budget_of_the_account() -> None:
    books = Books([tokens()])
    other = books.plans.of(Subjects("alice", "acme", None, "small"), limit_factor=1.0)
    assert other.budgets() == books.plan().budgets()


def test_1025_sybils_push_out_nobody_s_debt() -> None:
    books = Books([tokens()], most=1024)
    books.budget("debtor").charge(7000)
    for n in range(1024 + 1):
        books.plan(f"sybil-{n}")
    assert books.budget("debtor").level == -1000


def test_when_everybody_owes_a_newcomer_waits() -> None:
    books = Books([tokens()], most=10)
    for n in range(10):
        books.budget(f"debtor-{n}").charge(1)
    with pytest.raises(TableFull):
        books.plan("newcomer")
    books.clock.now = 1.0
    books.plan("newcomer")
    assert len(books.plans) <= 10


def test_a_plan_never_outlives_its_budgets() -> None:
    books = Books([tokens()], most=4)
    for round_ in range(50):
        books.plan(f"account-{round_}")
        assert books.budget("alice") is books.plans._budgets.find(books.budget("alice").key)


def test_lowered_limits_touch_the_account_alone_and_end() -> None:
    books = Books([tokens(), tokens(Level.GLOBAL)])
    assert [b.burst for b in books.plan(factor=0.5).budgets()] == [3000, 6000]
    assert books.plan(factor=0.5).largest_hold == 750
    assert [b.burst for b in books.plan().budgets()] == [6000, 6000]


def test_lowered_limits_end_also_for_calls_to_another_model() -> None:
    books = Books([tokens()])
    books.plan(factor=0.5)
    other = books.plans.of(Subjects("alice", "acme", None, "small"), limit_factor=1.0)
    assert other.budgets()[0].burst == 6000


def test_in_an_outage_every_budget_goes_by_its_rule_old_or_new() -> None:
    rules = [
        LimitRule(Level.ACCOUNT, unit, per_minute=60, when_store_fails=when)
        for unit, when in ((Unit.CALLS, "local"), (Unit.INPUT_TOKENS, "closed"), (Unit.OUTPUT_TOKENS, "open"))
    ]
    plans = shared(*rules)
    assert set(of(plans)) == {Source.LEASED}
    plans.begin_outage(4)
    assert of(plans) == of(plans, "new") == [Source.OWN, Source.CLOSED, Source.OPEN]
    list(plans.end_outage())
    assert set(of(plans)) == set(of(plans, "newer")) == {Source.LEASED}


def test_an_outage_begins_with_this_worker_s_part_of_what_the_store_had_left() -> None:
    clock = Clock()
    rule = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=6000)
    plans = Plans(LimitRules([rule]), clock=clock, share=1.0, shared=True, most=100)
    (budget,) = plans.of(Subjects("alice", None, None, "big"), limit_factor=1.0).budgets()
    lease = budget.lease
    assert lease is not None
    lease.level, budget.used, lease.acknowledged = 2000.0, 300.0, 200.0
    clock.now = 10.0  # 1,000 more by then
    plans.begin_outage(4)
    assert budget.level == pytest.approx(3000 / 4 - 100)


def test_an_outage_takes_back_no_lease_and_gives_no_more_than_a_part_of_the_burst() -> None:
    rule = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=6000)
    plans = shared(rule)
    leased, unknown = (plans.of(Subjects(a, None, None, "big"), limit_factor=1.0).budgets()[0] for a in ("a", "b"))
    assert leased.lease is not None
    leased.level, leased.lease.level = 900.0, 1000.0
    plans.begin_outage(4)
    assert leased.level == 900
    assert unknown.level == 6000 / 4


def test_after_an_outage_nothing_is_free_before_the_store_was_asked() -> None:
    plans = shared(LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=60, when_store_fails="open"))
    (budget,) = plans.of(Subjects("alice", None, None, "big"), limit_factor=1.0).budgets()
    plans.begin_outage(1)
    budget.used += 5
    assert list(plans.end_outage()) == [budget], "its use has to be reported"
    assert budget.free() == 0
