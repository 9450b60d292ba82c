from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stillwatch.gateway.nouns import Ask, Caller, Level, Mode, Standing, Unit
from stillwatch.gateway.policy import Rules
from stillwatch.gateway.rules import parse_rules
from stillwatch.gateway.settings import LimitRule
from stillwatch.records import Family
from stillwatch.simulate.compose import compose
from stillwatch_lab.campaigns.gateway import SimulatedGateway
from stillwatch_lab.campaigns.harvest import Host, run_harvest
from stillwatch_lab.campaigns.offered import Call, read_offered
from stillwatch_lab.defences.rate_limits import Harvesters, answers_by_day

DAY = 86_400.0
LISTED = Standing("C-1", 9.0, {Family.CONTENT: 5.0, Family.NETWORK: 5.0}, 9.0, 1.0, since=0.0)
SUSPEND = b"""
[[rules]]
name = "suspend"
action = "suspend"
mode = "enforce"
reason = "a test"
url = "https://example.com/appeal"
days = 3
[rules.when]
campaign = true
"""
PACE = SUSPEND.replace(b'"suspend"', b'"pace"').replace(b"days", b"amount = 10\ndays")
WIDE = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=1e6)


def rules(text: bytes) -> Rules:
    return parse_rules(text, path=Path("rules.toml"))


def call(at: float, account: str = "a", *, harvest: bool = True, tokens: float = 900.0) -> Call:
    return Call(int(at), at, account, Ask("m"), 100.0, tokens, 2.0, harvest)


def run(gateway: SimulatedGateway, calls: list[Call], until: float) -> SimulatedGateway:
    gateway.offer(calls)
    asyncio.run(gateway.run_until(until))
    return gateway


def test_a_suspended_account_gets_nothing_until_its_rule_ends() -> None:
    gateway = SimulatedGateway(rules(SUSPEND), (WIDE,), {}, 0.0, standings={"a": LISTED})
    run(gateway, [call(DAY), call(DAY, "b"), call(4 * DAY)], 5 * DAY)
    assert [one.call.account for one in gateway.admitted] == ["b", "a"]
    assert gateway.harvest.counts["refused"] == 1


def test_shadow_rules_do_nothing() -> None:
    gateway = SimulatedGateway(rules(SUSPEND).in_mode(Mode.SHADOW), (WIDE,), {}, 0.0, standings={"a": LISTED})
    assert run(gateway, [call(1.0)], 100.0).harvest.counts["answered"] == 1


def test_a_paced_key_asks_again_only_when_its_answer_has_ended() -> None:
    gateway = SimulatedGateway(rules(PACE), (WIDE,), {}, 0.0, standings={"a": LISTED})
    run(gateway, [call(1.0), call(2.0)], 1000.0)
    assert [one.at for one in gateway.admitted] == [1.0, 91.0], "900 tokens at 10 a second"


def test_a_campaigns_budget_holds_for_all_its_keys_together() -> None:
    campaign = LimitRule(Level.CAMPAIGN, Unit.OUTPUT_TOKENS, per_minute=9, burst=900)
    calls = [call(60.0 * n, f"k{n % 20}") for n in range(200)]
    listed = {f"k{n}": LISTED for n in range(20)}
    strangers = run(SimulatedGateway(Rules(), (WIDE, campaign), {}, 0.0), calls, 2 * DAY)
    found = run(SimulatedGateway(Rules(), (WIDE, campaign), {}, 0.0, standings=listed), calls, 2 * DAY)
    assert strangers.harvest.counts["answered"] == 200
    assert found.harvest.counts["answered"] <= 1 + 2 * 1440 * 9 / 900 + 1
    assert found.harvest.counts["delayed"] > 0


def test_who_is_told_to_come_back_later_is_served_then() -> None:
    small = LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=60, burst=1000)
    gateway = run(SimulatedGateway(Rules(), (small,), {"a": Caller("a")}, 0.0), [call(n) for n in range(1, 4)], DAY)
    assert gateway.harvest.counts["answered"] == 3
    assert gateway.harvest.counts["delayed"] >= 1
    assert gateway.harvest.late_seconds > 900


def test_many_strangers_get_many_budgets_and_a_campaign_gets_one() -> None:
    limits = [
        LimitRule(level, Unit.OUTPUT_TOKENS, per_minute=90, burst=9000) for level in (Level.ACCOUNT, Level.CAMPAIGN)
    ]
    one, ten = (answers_by_day(limits, Harvesters(keys), days=2) for keys in (1, 10))
    listed = answers_by_day(limits, Harvesters(10, campaign="C-1"), days=2)
    # Burst 10 answers, then one in ten minutes; the last may be owed.
    assert one == pytest.approx([10 + 144, 10 + 288], abs=2)
    assert ten == [10 * n for n in one]
    assert listed == pytest.approx(one, abs=2)


SMALL = """
description = "A harvest among a few people."
start = 2026-06-15T00:00:00Z
days = 3
[[block]]
kind = "human"
accounts = 120
calls = 500
[[block]]
kind = "campaign"
campaign = "A"
accounts = 40
calls = 600
first_day = 1
use = "reasoning"
"""


def test_a_harvest_is_found_by_the_scan_and_stopped_by_the_rule(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    compose(tmp_path / "small.toml", out=tmp_path / "traffic", seed=2)
    offered = read_offered(tmp_path / "traffic")
    start = 1_781_481_600.0  # 2026-06-15
    watched = Host(rules(SUSPEND), (WIDE,), scan_days=(1,))
    found = run_harvest(offered, watched, start=start, days=3, work=tmp_path / "watched")
    free = run_harvest(offered, Host(rules(SUSPEND), (WIDE,)), start=start, days=3, work=tmp_path / "free")
    assert [day["found"] for day in found] == [False, True, True]
    assert found[1]["innocents_listed"] == 0
    assert found[2]["harvest"]["answered"] == found[1]["harvest"]["answered"] > 0
    assert found[2]["harvest"]["refused"] > 0
    assert free[2]["harvest"]["answered"] == offered.harvest
    assert free[1] == {**found[1], "listed": 0, "found": False, "strongest_bits": 0.0}
