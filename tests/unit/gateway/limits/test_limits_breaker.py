from __future__ import annotations

from stillwatch.gateway.limits.breaker import FAILURES, FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, Breaker


def broken() -> Breaker:
    breaker = Breaker()
    assert [breaker.fail(0.0) for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    return breaker


def test_one_lost_answer_is_no_outage() -> None:
    breaker = Breaker()
    for _ in range(10):
        assert not breaker.fail(0.0)
        breaker.succeed()
    assert breaker.may_try(0.0)


def test_an_outage_begins_once_and_ends_once() -> None:
    breaker = broken()
    assert not breaker.fail(0.0)
    assert breaker.succeed()
    assert not breaker.succeed()


def test_one_question_goes_through_now_and_then() -> None:
    breaker = broken()
    assert not breaker.may_try(FIRST_RETRY_SECONDS / 2)
    assert breaker.may_try(FIRST_RETRY_SECONDS)


def test_retries_get_rarer_but_never_rarer_than_promised() -> None:
    breaker = broken()
    for _ in range(20):
        breaker.fail(0.0)
    assert not breaker.may_try(FIRST_RETRY_SECONDS)
    assert breaker.may_try(LONGEST_RETRY_SECONDS)
