from __future__ import annotations

import pytest

from limits_bench import Books, tokens
from stillwatch.gateway.limits.budget import Budget, Source
from stillwatch.gateway.limits.headroom import account_headroom
from stillwatch.gateway.limits.lease import Lease
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Headroom
from stillwatch.gateway.settings import LimitRule


def test_no_wider_level_shows_however_tight_it_is() -> None:
    books = Books([tokens(), *(tokens(level, per_minute=60) for level in list(Level)[1:])])
    plan = books.plan(campaign="campaign")
    assert account_headroom(plan, now=0.0) == {Unit.OUTPUT_TOKENS: Headroom(6000, 6000, 0.0)}


def test_of_two_budgets_the_tighter_shows() -> None:
    narrow = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=600, model="big")
    assert account_headroom(Books([tokens(), narrow]).plan(), now=0.0)[Unit.OUTPUT_TOKENS].limit == 600


def test_it_says_when_the_budget_is_full_again() -> None:
    books = Books([tokens()])
    books.budget().charge(3000)
    books.budget().holds = 1000
    shown = account_headroom(books.plan(), now=0.0)[Unit.OUTPUT_TOKENS]
    assert (shown.remaining, shown.reset_seconds) == (2000, pytest.approx(40))


def test_streams_show_how_many_more_may_be_open() -> None:
    books = Books([LimitRule(Level.ACCOUNT, Unit.STREAMS, most=3)])
    books.admitted()
    assert account_headroom(books.plan(), now=0.0)[Unit.STREAMS] == Headroom(3, 2, 0.0)


def test_nothing_below_zero_or_above_the_limit_shows() -> None:
    books = Books([tokens()])
    books.budget().charge(1e6)
    assert account_headroom(books.plan(), now=0.0)[Unit.OUTPUT_TOKENS].remaining == 0


def test_a_leased_budget_shows_what_is_left_on_all_workers() -> None:
    books = Books([tokens()])
    budget: Budget = books.budget()
    budget.lease = Lease(now=0.0)
    budget.draw_from(Source.LEASED, now=0.0, share=1.0)
    budget.level, budget.lease.elsewhere = 100.0, 2000.0
    assert account_headroom(books.plan(), now=0.0)[Unit.OUTPUT_TOKENS].remaining == 2100
