"""What docs/limits.md shows is what the gateway accepts, and its numbers are the code's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from stillwatch.gateway.limits.breaker import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS
from stillwatch.gateway.limits.hold import BLOCK
from stillwatch.gateway.limits.lease import LEASE_SECONDS
from stillwatch.gateway.limits.leaser import BATCH
from stillwatch.gateway.limits.ledger import IDLE_SWEEPS, SWEEP_SECONDS
from stillwatch.gateway.limits.limiter import MOST_BUDGETS
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Subjects
from stillwatch.gateway.settings import LimitRule, Store

PAGE = (Path(__file__).parents[4] / "docs/limits.md").read_text(encoding="utf-8")
EXAMPLES = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)]


def test_the_limits_shown_are_limits() -> None:
    rows = EXAMPLES[0]["limits"]
    rules = [LimitRule(**row | {"level": Level(row["level"]), "unit": Unit(row["unit"])}) for row in rows]
    keys = LimitRules(rules).keys(Subjects("alice", None, "campaign", "big-model", plan="trial"))
    assert [key.rule for key in keys] == [1, 2, 3, 4, 5]


def test_the_store_shown_is_the_default_one() -> None:
    assert Store(**EXAMPLES[1]["store"]) == Store(url="redis://127.0.0.1:6379/0")


def test_the_numbers_are_the_code_s() -> None:
    for said in (
        f"blocks of {BLOCK:.0f}",
        f"{BLOCK:.0f} · open streams",
        f"remembers {MOST_BUDGETS:,} budgets",
        f"after {LEASE_SECONDS:.0f} seconds its lease",
        f"up to {BATCH} budgets",
        f"nothing for {IDLE_SWEEPS * SWEEP_SECONDS / 60:.0f} minutes",
        f"(at most {Store().connect_seconds + 2 * Store().operation_seconds:.1f} seconds each with the default",
        f"after {FIRST_RETRY_SECONDS} seconds",
        f"at most every {LONGEST_RETRY_SECONDS:.0f} seconds",
        f"`{{{Store().prefix}}}`",
    ):
        assert said in " ".join(PAGE.split()), said


def test_every_level_unit_and_failure_mode_is_explained() -> None:
    for word in (*Level, *Unit, "local", "closed", "open"):
        assert f"`{word}`" in PAGE
