"""What rules would have done: sums that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.errors import ReportError, SettingsError
from stillwatch.gateway.conditions import When
from stillwatch.gateway.findings import read_findings
from stillwatch.gateway.nouns import Action, Caller, Mode, Standing
from stillwatch.gateway.policy import Rule, Rules
from stillwatch.gateway.prices import Prices, read_prices
from stillwatch.gateway.replay import ASKS, NOT_GIVEN, Replay
from stillwatch.records import CALL_LOG, Family

AT = datetime(2026, 7, 1, tzinfo=UTC)
LISTED = Standing("C-1", 8.0, {Family.CONTENT: 6.0, Family.NETWORK: 2.0}, 5.0, 0.6, since=AT.timestamp() - 1)
PRICES = Prices({"m": (10.0, 20.0), "alias": (10.0, 20.0)}, {"m": "m", "alias": "m"})
SCHEMA = pa.schema([field for field in CALL_LOG.schema if field.name != "response"])


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    whole = [
        {"call_id": str(n), "model": "m", "started_at": AT, "input_tokens": 1000, "output_tokens": 500, **row}
        for n, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(whole, schema=SCHEMA)


def rule(name: str, action: Action, *, when: When | None = None, **keys: Any) -> Rule:
    return Rule(name, when or When(campaign=True), action, "because", until=2e9, **keys)


def replayed(*rules: Rule, rows: list[dict[str, Any]], callers: dict[str, Caller] | None = None, **keys: Any) -> Replay:
    replay = Replay(Rules(rules), keys.pop("standings", {"bad": LISTED}), callers or {}, keys.pop("prices", PRICES))
    replay.add(batch(*rows))
    return replay


def test_a_stopped_call_forgoes_all_of_its_revenue() -> None:
    replay = replayed(rule("stop", Action.SUSPEND), rows=[{"account": "bad"}, {"account": "good"}])
    (line,) = replay.summary()["by_rule"]
    assert line["campaigns"] == {
        "accounts": 1,
        "calls": 1,
        "input_tokens": 1000,
        "output_tokens": 500,
        "revenue": 0.02,
        "withheld_tokens": 500.0,
        "forgone": 0.02,
        "slower_seconds": 0.0,
        "spared": 0,
    }
    assert line["innocents"]["accounts"] == 0


@pytest.mark.parametrize(
    ("made", "row", "withheld", "forgone"),
    [
        (rule("n", Action.CAP_N, amount=1), {"n": 4}, 375.0, 0.0075),
        (rule("n", Action.CAP_N, amount=4), {"n": 2}, 0.0, 0.0),
        (rule("t", Action.CAP_OUTPUT_TOKENS, amount=100), {"n": 2}, 300.0, 0.006),
        (rule("t", Action.CAP_OUTPUT_TOKENS, amount=100), {"output_tokens": None}, 0.0, 0.0),
        (rule("l", Action.STRIP_LOGPROBS), {}, 0.0, 0.0),
    ],
)
def test_a_cap_withholds_what_is_above_it(made: Rule, row: dict[str, Any], withheld: float, forgone: float) -> None:
    (line,) = replayed(made, rows=[{"account": "bad", **row}]).summary()["by_rule"]
    assert line["campaigns"]["withheld_tokens"] == pytest.approx(withheld)
    assert line["campaigns"]["forgone"] == pytest.approx(forgone)


def test_pacing_makes_answers_slower_by_what_they_were_faster() -> None:
    rows = [{"account": "bad", "duration_ms": 4000}, {"account": "bad", "duration_ms": 60_000}]
    (line,) = replayed(rule("p", Action.PACE, amount=50), rows=rows).summary()["by_rule"]
    assert line["campaigns"]["slower_seconds"] == 6.0


def test_two_caps_on_one_call_are_not_counted_twice() -> None:
    rules = (rule("a", Action.CAP_OUTPUT_TOKENS, amount=100), rule("b", Action.CAP_OUTPUT_TOKENS, amount=200))
    summary = replayed(*rules, rows=[{"account": "bad"}]).summary()
    assert [line["campaigns"]["withheld_tokens"] for line in summary["by_rule"]] == [400.0, 300.0]
    assert [line["campaigns"]["withheld_tokens"] for line in summary["by_action"]] == [400.0]
    assert summary["touched"]["campaigns"]["withheld_tokens"] == 400.0


def test_rules_are_taken_as_enforced_and_told_as_written() -> None:
    shadowed = rule("s", Action.SUSPEND, mode=Mode.SHADOW)
    (line,) = replayed(shadowed, rows=[{"account": "bad"}]).summary()["by_rule"]
    assert (line["mode"], line["campaigns"]["calls"]) == (Mode.SHADOW, 1)


def test_what_an_allow_rule_spares_is_told_apart() -> None:
    rules = (
        rule("stop", Action.SUSPEND),
        rule("fine", Action.ALLOW, when=When(verification=frozenset({"kyc"}))),
    )
    callers = {"bad": Caller("bad", verification="kyc")}
    summary = replayed(*rules, rows=[{"account": "bad"}], callers=callers).summary()
    stop, fine = summary["by_rule"]
    assert (stop["campaigns"]["calls"], stop["campaigns"]["spared"]) == (0, 1)
    assert fine["campaigns"]["calls"] == 1
    assert summary["touched"]["campaigns"]["calls"] == 0


def test_innocents_are_told_apart_and_by_name() -> None:
    everyone = rule("n", Action.CAP_N, when=When(min_n=2), amount=1)
    callers = {"bad": Caller("bad", verification="kyc"), "poor": Caller("poor")}
    rows = [{"account": a, "n": 2} for a in ("bad", "good", "good", "poor")]
    replay = replayed(everyone, rows=rows, callers=callers)
    summary = replay.summary()
    assert [row["account"] for row in summary["innocents"]] == ["good", "poor"]
    assert summary["touched"]["innocents"]["accounts"] == 2
    assert {v["verification"]: v["innocents"]["accounts"] for v in summary["by_verification"]} == {
        "kyc": 0,
        "none": 1,
        NOT_GIVEN: 1,
    }
    assert [row["account"] for row in replay.accounts()] == ["bad", "good", "poor"]


def test_an_alias_counts_as_its_model() -> None:
    aliased = rule("m", Action.SUSPEND, when=When(campaign=True, model=frozenset({"m"})))
    (line,) = replayed(aliased, rows=[{"account": "bad", "model": "alias"}]).summary()["by_rule"]
    assert line["campaigns"]["revenue"] == 0.02


def test_time_is_the_time_of_the_call() -> None:
    ends = rule("s", Action.SUSPEND, days=1)
    rows = [{"account": "bad"}, {"account": "bad", "started_at": AT.replace(day=3)}]
    (line,) = replayed(ends, rows=rows).summary()["by_rule"]
    assert line["campaigns"]["calls"] == 1


def test_many_different_asks_are_not_all_kept() -> None:
    rows = [{"account": "good", "max_output_tokens": n} for n in range(ASKS + 5)]
    replay = replayed(rule("s", Action.SUSPEND), rows=rows)
    assert len(replay._asks) <= ASKS
    assert replay.summary()["all"]["innocents"]["calls"] == ASKS + 5


def test_an_empty_log_has_a_summary() -> None:
    summary = Replay(Rules((rule("s", Action.SUSPEND),)), {}, {}, None).summary()
    assert summary["first_call_at"] is None
    assert summary["all"]["innocents"]["calls"] == 0


def test_a_folder_that_is_no_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not a scan's report"):
        read_findings(tmp_path)


def test_prices_are_read_from_the_gateways_settings_too(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('[listen]\nport = 1\n[[models]]\nname = "m"\naliases = ["a"]\nupstream = "u"\noutput_price = 2\n')
    assert read_prices(file).of("a", 10**6, 10**6) == 2.0
    file.write_text('[[models]]\nname = "m"\ninput_price = -1\n')
    with pytest.raises(SettingsError, match="number 1"):
        read_prices(file)
