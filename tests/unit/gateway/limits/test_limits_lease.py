from __future__ import annotations

import pytest

from stillwatch.gateway.limits.lease import AHEAD_SECONDS, DRY_SECONDS, LEASE_SECONDS, Grant, Lease, Request


def request(lease: Lease, *, used: float, held: float = 0.0, workers: int = 1, now: float) -> Request:
    return lease.request("key", rate=10.0, burst=600.0, used=used, held=held, workers=workers, now=now)


def busy(lease: Lease) -> float:
    """Use 10 a second for 20 seconds, answered every half second; return what was used."""
    used = 0.0
    for half in range(1, 41):
        used += 5.0
        asked = request(lease, used=used, now=half / 2)
        lease.accept(asked, Grant(asked.want, 100.0, 100.0), sent_at=half / 2)
    return used


def test_it_asks_for_what_is_held_needed_and_a_little_ahead() -> None:
    lease = Lease(now=0.0)
    used = busy(lease)
    lease.need = 30.0
    ahead = 10.0 * AHEAD_SECONDS
    assert request(lease, used=used, held=7.0, now=20.0).want == pytest.approx(ahead + 30 + 7, rel=0.01)


def test_one_of_many_workers_takes_no_more_than_half_its_share_ahead() -> None:
    lease = Lease(now=0.0)
    used = busy(lease)
    assert request(lease, used=used, workers=100, now=20.0).want == pytest.approx(600 / 100 / 2)


def test_an_account_in_use_keeps_enough_for_its_next_call_and_an_idle_one_does_not() -> None:
    lease = Lease(now=0.0)
    lease.ask_for(200.0)
    lease.accept(request(lease, used=0.0, now=0.0), Grant(200.0, 0.0, 100.0), sent_at=0.0)
    assert request(lease, used=1.0, now=1.0).want == 200
    assert request(lease, used=1.0, workers=4, now=1.0).want == 75, "not where budgets are small"
    assert request(lease, used=1.0, now=2 * LEASE_SECONDS).want == 0


def test_a_lull_gives_tokens_back() -> None:
    lease = Lease(now=0.0)
    used = busy(lease)
    quiet = request(lease, used=used, now=26.0)
    lease.accept(quiet, Grant(quiet.want, 100.0, 100.0), sent_at=26.0)
    assert request(lease, used=used, now=26.5).want < 1
    assert lease.is_due(used, now=26.0 + LEASE_SECONDS / 2), "a lease is renewed before it runs out"


def test_use_is_told_in_all_so_that_a_lost_answer_counts_nothing_twice() -> None:
    lease = Lease(now=0.0)
    first = request(lease, used=5.0, now=1.0)
    again = request(lease, used=8.0, now=2.0)
    assert (first.used, again.used, again.acknowledged) == (5, 8, 0)
    lease.accept(again, Grant(1.0, 0.0, 100.0), sent_at=2.0)
    assert request(lease, used=8.0, now=3.0).acknowledged == 8


def test_an_empty_budget_is_not_asked_again_at_once() -> None:
    lease = Lease(now=0.0)
    lease.need = 100.0
    lease.accept(request(lease, used=0.0, now=0.0), Grant(0.0, 0.0, 100.0), sent_at=0.0)
    assert not lease.may_ask(DRY_SECONDS / 2)
    assert lease.may_ask(1.0)


def test_who_came_while_the_question_was_under_way_still_waits() -> None:
    lease = Lease(now=0.0)
    lease.need = 100.0
    asked = request(lease, used=0.0, now=0.0)
    lease.need += 30.0
    lease.accept(asked, Grant(asked.want, 0.0, 100.0), sent_at=0.0)
    assert lease.need == 30


def test_a_store_that_lost_the_budget_is_told_what_was_left() -> None:
    lease = Lease(now=0.0)
    assert request(lease, used=0.0, now=0.0).hint == 600
    lease.accept(request(lease, used=0.0, now=0.0), Grant(20.0, 30.0, 60.0), sent_at=0.0)
    assert request(lease, used=0.0, now=4.0).hint == pytest.approx(60 + 40)


def test_streams_are_leased_one_by_one() -> None:
    lease = Lease(now=0.0)
    lease.per_second = 100.0
    asked = lease.request("key", rate=0.0, burst=9.0, used=0.0, held=2.0, workers=1, now=0.0)
    assert asked.want == 2


def test_it_is_idle_when_nothing_is_leased_wanted_or_unreported() -> None:
    lease = Lease(now=0.0)
    assert lease.is_idle(0.0)
    assert not lease.is_idle(1.0)
    lease.need = 1.0
    assert not lease.is_idle(0.0)
