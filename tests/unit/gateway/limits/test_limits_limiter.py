from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from limits_bench import Clock, tokens
from stillwatch.gateway.limits.hold import BLOCK
from stillwatch.gateway.limits.lease import Grant, Request
from stillwatch.gateway.limits.limiter import Limits, limits_of
from stillwatch.gateway.limits.store import StoreFailed
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, LimitExceeded, Subjects
from stillwatch.gateway.settings import GatewaySettings, LimitRule, Listen, Store

ALICE = Subjects("alice", None, None, "big")
STREAM = Cost(0.0, 1024.0, stream=True)


def limits(*rules: LimitRule, workers: int = 1, most: int = 100) -> tuple[Limits, Clock]:
    clock = Clock()
    return Limits(rules, clock=clock, workers=workers, most_budgets=most), clock


def refused(limiter: Limits, subjects: Subjects = ALICE, cost: Cost = STREAM) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        asyncio.run(limiter.admit(subjects, cost))
    return caught.value


def test_a_refusal_says_when_to_come_back_and_then_there_is_room() -> None:
    limiter, clock = limits(tokens(per_minute=6000))
    for _ in range(4):
        asyncio.run(limiter.admit(ALICE, STREAM)).capture(1024.0)
    said = refused(limiter)
    assert said.retry_after_seconds > 0.05
    clock.now += said.retry_after_seconds + 0.01
    asyncio.run(limiter.admit(ALICE, Cost(0.0, 1.0, stream=True)))


def test_a_refusal_names_the_budget_that_lacks_for_longest() -> None:
    slow = LimitRule(Level.CAMPAIGN, Unit.CALLS, per_minute=1, burst=1)
    limiter, _ = limits(LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=60, burst=1), slow)
    sybil = Subjects("alice", None, "campaign", "big")
    asyncio.run(limiter.admit(sybil, STREAM))
    said = refused(limiter, sybil)
    assert (said.level, said.unit) == (Level.CAMPAIGN, Unit.CALLS)
    assert said.retry_after_seconds == pytest.approx(60)


def test_one_worker_of_several_has_its_share() -> None:
    limiter, _ = limits(LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=8), workers=4)
    for _ in range(2):
        asyncio.run(limiter.admit(ALICE, STREAM))
    assert refused(limiter).retry_after_seconds == pytest.approx(30)


def test_the_settings_make_a_limiter() -> None:
    rule = LimitRule(Level.ACCOUNT, Unit.CALLS, per_minute=8)
    alone = limits_of(GatewaySettings(limits=(rule,), listen=Listen(workers=4)), clock=Clock())
    assert (alone.health().store, alone.health().workers) == ("none", 4)
    shared = limits_of(GatewaySettings(limits=(rule,), store=Store(url="redis://127.0.0.1:1/0")), clock=Clock())
    assert (shared.health().store, shared.health().scripts) == ("shared", "evalsha")


def test_a_full_table_refuses_newcomers_and_nobody_else() -> None:
    limiter, _ = limits(tokens(), most=2)
    for account in ("alice", "bob"):
        asyncio.run(limiter.admit(Subjects(account, None, None, "big"), STREAM))
    refused(limiter, Subjects("newcomer", None, None, "big"))
    asyncio.run(limiter.admit(ALICE, STREAM))


def test_an_account_carries_its_recent_use_into_a_campaign_once() -> None:
    campaign = tokens(Level.CAMPAIGN, per_minute=10_000)
    limiter, clock = limits(campaign, LimitRule(Level.CAMPAIGN, Unit.CALLS, per_minute=60))
    held = asyncio.run(limiter.admit(ALICE, STREAM))
    held.capture(800.0)
    held.release()
    for _ in range(3):
        limiter.join_campaign("alice", "campaign")
    limiter.join_campaign("nobody seen", "campaign")
    plan = limiter._plans.of(Subjects("bob", None, "campaign", "big"), limit_factor=1.0)
    assert [(b.level, b.used) for b in plan.budgets()] == [(59, 1), (9200, 800)]
    clock.now = 300.0
    limiter.join_campaign("alice", "another")
    plan = limiter._plans.of(Subjects("bob", None, "another", "big"), limit_factor=1.0)
    assert plan.outputs[0].level == 10_000, "old use is not carried along"


def test_health_tells_the_bound() -> None:
    limiter, _ = limits(tokens(per_minute=60_000))
    for _ in range(3):
        asyncio.run(limiter.admit(ALICE, STREAM))
    health = limiter.health()
    assert (health.store, health.open_holds, health.overshoot_bound) == ("none", 3, 3 * BLOCK)


class Forgetful:
    """A store that acts on every question and loses every second answer."""

    scripts = "evalsha"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def lease(self, worker: str, requests: Sequence[Request]) -> tuple[int, list[Grant]]:
        assert worker
        self.asked += requests
        if len(self.asked) % 2:
            raise StoreFailed("lost")
        return 1, [Grant(r.want, 1000.0, 6000.0) for r in requests]

    async def close(self) -> None:
        pass


def test_a_call_survives_a_lost_answer() -> None:
    store = Forgetful()

    async def main() -> None:
        limiter = Limits([tokens()], clock=Clock(), store=store)  # type: ignore[arg-type]
        limiter.start()
        held = await limiter.admit(ALICE, STREAM)
        held.capture(100.0)
        held.release()
        await limiter.stop()

    asyncio.run(main())
    assert [r.used for r in store.asked] == [0, 0, 100]
