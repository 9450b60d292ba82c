from __future__ import annotations

import pytest

from limits_bench import Books, tokens
from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.hold import Held
from stillwatch.gateway.limits.ledger import IDLE_SWEEPS, SWEEP_SECONDS
from stillwatch.gateway.limits.queues import LONGEST_PAUSE
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost
from stillwatch.gateway.settings import LimitRule


def drained(books: Books) -> Budget:
    """Use up alice's budget."""
    budget = books.budget()
    budget.charge(budget.level)
    return budget


def test_a_refusal_on_one_level_leaves_no_trace_on_the_others() -> None:
    books = Books([tokens(), tokens(Level.GLOBAL, per_minute=600)])
    books.budget(at=1).charge(600)
    assert books.admit() is None
    assert [(b.level, b.holds) for b in books.plan().budgets()] == [(6000, 0), (0, 0)]


def test_what_is_delivered_leaves_the_budget_and_the_rest_comes_back() -> None:
    books = Books([tokens()])
    held = books.admitted()
    assert books.budget().free() == 6000 - 1024
    assert held.capture(100.0) == 0
    held.release()
    assert (books.budget().level, books.budget().holds) == (5900, 0)


def test_a_hold_is_topped_up_while_tokens_flow() -> None:
    books = Books([tokens()])
    held = books.admitted()
    for _ in range(30):
        assert held.capture(100.0) == 0
    assert books.budget().holds <= 1024 + 512
    held.release()
    assert books.budget().level == 3000


def test_a_stream_pauses_when_there_is_nothing_and_goes_on_when_there_is() -> None:
    books = Books([tokens()])
    held = books.admitted()
    drained(books).level = 1024
    for _ in range(8):
        assert held.capture(128.0) == 0
    pause = held.capture(50.0)
    assert pause == pytest.approx(0.5, rel=0.05)
    books.clock.now = pause + 0.001
    assert held.capture(0.0) == 0


def test_the_budget_never_owes_for_a_stream_that_pauses() -> None:
    books = Books([tokens()])
    held = [books.admitted() for _ in range(5)]
    for _ in range(200):
        books.clock.now += 0.01
        for one in held:
            one.capture(0.0 if one.left < 0 else 60.0)
        assert books.budget().level >= books.budget().holds - 1e-6
        assert books.budget().holds >= -1e-6


def test_paused_streams_come_before_new_calls() -> None:
    books = Books([tokens()])
    held = books.admitted()
    drained(books).level = 1024
    held.capture(2000.0)
    books.clock.now += 9.0
    assert books.admit(hold=100.0) is None
    books.clock.now += 2.0
    assert held.capture(0.0) == 0


def test_whoever_waits_longest_gets_a_large_answer_while_others_take_small_ones() -> None:
    books = Books([tokens()])
    large, small = books.admitted(), books.admitted()
    drained(books).level = 2048
    waits = large.capture(3000.0)
    for _ in range(400):
        books.clock.now += 0.1
        small.capture(0.0 if small.left < 0 else 5.0)
        waits = large.capture(0.0)
        if waits == 0:
            break
    assert waits == 0
    assert books.clock.now < 45


def two_paused(books: Books, *, lacking: tuple[float, float]) -> tuple[Held, Held]:
    held = books.admitted(), books.admitted()
    drained(books).level = 2048
    for one, lack in zip(held, lacking, strict=True):
        assert one.capture(1024 + lack) > 0
    return held


def test_who_came_later_does_not_take_what_the_first_waits_for() -> None:
    books = Books([tokens()])
    first, second = two_paused(books, lacking=(1000, 100))
    books.clock.now = 5.0
    assert second.capture(0.0) > 0
    books.clock.now = 10.0
    assert first.capture(0.0) == 0
    books.clock.now = 11.0
    assert second.capture(0.0) == 0


def test_only_the_first_gathers_so_that_no_two_hold_what_both_need() -> None:
    books = Books([tokens()])
    first, second = two_paused(books, lacking=(100, 1000))
    books.clock.now = 5.0
    assert second.capture(0.0) > 0
    assert second.held == 0
    books.clock.now = 6.0
    assert first.capture(0.0) == 0


def test_a_clock_that_jumps_back_takes_nothing_away() -> None:
    books = Books([tokens()])
    books.budget().charge(1000)
    books.clock.now = -1e6
    books.admitted()
    assert books.budget().level == 5000


def test_an_answer_larger_than_the_whole_budget_is_paid_in_the_end() -> None:
    books = Books([tokens(burst=1000)])
    held = books.admitted()
    for _ in range(200):
        if held.capture(5000.0 if held.left > 0 else 0.0) == 0:
            break
        books.clock.now += LONGEST_PAUSE
    assert held.left >= 0
    assert books.clock.now == pytest.approx(40, abs=5)


def test_hanging_up_in_a_pause_is_charged() -> None:
    books = Books([tokens()])
    held = books.admitted()
    drained(books).level = 1024
    held.capture(1500.0)
    held.release()
    assert books.budget().level == pytest.approx(-476)
    assert books.budget().free() == pytest.approx(-476), "nobody waits any more"


def test_releasing_twice_gives_back_once() -> None:
    books = Books([tokens(), LimitRule(Level.ACCOUNT, Unit.STREAMS, most=2)])
    held = books.admitted()
    held.release()
    held.release()
    assert [b.holds for b in books.plan().budgets()] == [0, 0]


def test_output_after_the_end_is_charged_and_slowed() -> None:
    books = Books([tokens()])
    held = books.admitted()
    held.release()
    assert held.capture(5000.0) == 0
    assert held.capture(2000.0) == LONGEST_PAUSE
    assert books.budget().level == pytest.approx(-1000)


def test_a_weighted_token_counts_for_several() -> None:
    books = Books([tokens()])
    held = books.admitted(weight=4.0, hold=200.0)
    assert books.budget().holds == 800
    held.capture(100.0)
    held.release()
    assert books.budget().level == 5600


def test_input_is_charged_as_counted_and_the_estimate_learns() -> None:
    books = Books([LimitRule(Level.ACCOUNT, Unit.INPUT_TOKENS, per_minute=6000)])
    held = books.admitted(inputs=1000.0)
    held.settle_input(2000.0)
    held.settle_input(9.0)
    assert books.budget().level == 4000
    held.release()
    assert books.admitted(inputs=1000.0).input_held == 2000


def test_input_that_nobody_counted_is_charged_as_estimated() -> None:
    books = Books([LimitRule(Level.ACCOUNT, Unit.INPUT_TOKENS, per_minute=6000)])
    books.admitted(inputs=1000.0).release()
    assert (books.budget().level, books.budget().holds) == (5000, 0)


def test_streams_are_counted_while_open_and_other_calls_are_not() -> None:
    books = Books([LimitRule(Level.ACCOUNT, Unit.STREAMS, most=2)])
    first = books.admitted()
    books.admitted()
    assert books.admit() is None
    assert books.admit(stream=False) is not None
    first.release()
    assert books.admit() is not None


def test_a_small_budget_serves_a_stream_all_the_same() -> None:
    books = Books([tokens(per_minute=60)])
    held = books.admitted()
    assert held.left == 15
    assert held.capture(10.0) == 0


def test_a_stream_that_vanished_gives_its_hold_back() -> None:
    books = Books([tokens()])
    books.admitted()
    living = books.admitted()
    for _ in range(IDLE_SWEEPS + 2):
        books.clock.now += SWEEP_SECONDS
        living.capture(1.0)
        books.ledger.sweep(books.clock.now)
    assert books.ledger.open == {living}


def test_a_clock_that_jumps_ahead_ends_no_living_stream() -> None:
    books = Books([tokens()])
    held = books.admitted()
    books.clock.now += 1e7
    for _ in range(3):
        books.admitted().release()
    assert held.is_open


def test_it_names_every_budget_that_is_short() -> None:
    books = Books([tokens(), LimitRule(Level.GLOBAL, Unit.CALLS, per_minute=1)])
    for budget in books.plan().budgets():
        budget.charge(budget.level)
    short = books.ledger.short_of(books.plan(), Cost(0.0, 1024.0, stream=False), now=0.0)
    assert {(b.key.level, amount) for b, amount in short} == {(Level.ACCOUNT, 1024), (Level.GLOBAL, 1)}
