"""The snapshot of what scans said, with granted appeals over it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import ReportError
from stillwatch.gateway.nouns import UNKNOWN, Standing
from stillwatch.gateway.standing import LiveStandings, read_snapshot
from stillwatch.records import Family

ENTRY: dict[str, Any] = {
    "campaign": "C-1",
    "strength_bits": 7.5,
    "bits": {"content": 5.0, "network": 3},
    "match_weight": 6.0,
    "share": 0.5,
    "since": 1000,
}


def write(path: Path, accounts: dict[str, Any], *, made_at: float = 2000.0, version: int = 1) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"version": version, "made_at": made_at, "accounts": accounts}), encoding="utf-8")
    beside.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "snapshot.json"
    write(file, {"a": ENTRY, "b": ENTRY})
    return file


def test_a_snapshot_says_how_accounts_stand(path: Path) -> None:
    standings = LiveStandings(path)
    assert standings.of("a") == Standing("C-1", 7.5, {Family.CONTENT: 5.0, Family.NETWORK: 3.0}, 6.0, 0.5, 1000.0)
    assert standings.of("stranger") is UNKNOWN
    assert standings.health() == {"status": "ok", "made_at": 2000.0, "accounts": 2}


def test_no_snapshot_yet_is_no_problem(tmp_path: Path) -> None:
    standings = LiveStandings(tmp_path / "none.json")
    assert standings.of("a") is UNKNOWN
    assert standings.health()["status"] == "ok"


def test_a_granted_appeal_counts_at_once(path: Path) -> None:
    granted: set[str] = set()
    standings = LiveStandings(path, is_appeal_granted=granted.__contains__)
    granted.add("a")
    assert standings.of("a") == Standing(appeal_granted=True)
    assert standings.of("b").campaign == "C-1"
    granted.clear()
    assert standings.of("a").campaign == "C-1"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 2, "made_at": 3000, "accounts": {}}',
        '{"version": 1, "accounts": {}}',
        '{"version": 1, "made_at": 3000, "accounts": {"a": {}}}',
        json.dumps({"version": 1, "made_at": 3000, "accounts": {"a": ENTRY | {"bits": {"nationality": 9}}}}),
        json.dumps({"version": 1, "made_at": 3000, "accounts": {"a": ENTRY | {"campaign": None}}}),
        json.dumps({"version": 1, "made_at": 3000, "accounts": {"a": ENTRY | {"since": None}}}),
        json.dumps({"version": 1, "made_at": 3000, "accounts": {"a": ENTRY | {"share": "most"}}}),
        json.dumps({"version": 1, "made_at": 1999, "accounts": {"a": ENTRY}}),
    ],
)
def test_a_snapshot_that_is_not_right_is_not_used(path: Path, text: str) -> None:
    standings = LiveStandings(path)
    path.write_text(text, encoding="utf-8")
    asyncio.run(standings.refresh())
    assert standings.of("b").campaign == "C-1"
    assert str(path) in str(standings.health()["status"])
    write(path, {}, made_at=4000.0)
    asyncio.run(standings.refresh())
    assert standings.of("b") is UNKNOWN
    assert standings.health()["status"] == "ok"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        read_snapshot(tmp_path)


def test_who_joins_a_campaign_is_told_once(path: Path) -> None:
    told: list[tuple[str, str]] = []
    standings = LiveStandings(path, on_join=lambda account, campaign: told.append((account, campaign)))
    asyncio.run(standings.refresh())
    asyncio.run(standings.refresh())
    assert sorted(told) == [("a", "C-1"), ("b", "C-1")]
    told.clear()
    write(path, {"b": ENTRY, "c": ENTRY, "d": ENTRY | {"campaign": "C-2"}}, made_at=3000.0)
    asyncio.run(standings.refresh())
    assert sorted(told) == [("c", "C-1"), ("d", "C-2")]
    told.clear()
    write(path, {"a": ENTRY, "b": ENTRY | {"campaign": "C-2"}}, made_at=4000.0)
    asyncio.run(standings.refresh())
    assert sorted(told) == [("a", "C-1"), ("b", "C-2")]


def test_an_appealed_account_joins_when_its_appeal_ends(path: Path) -> None:
    told: list[str] = []
    granted = {"a"}
    standings = LiveStandings(
        path, is_appeal_granted=granted.__contains__, on_join=lambda account, _campaign: told.append(account)
    )
    asyncio.run(standings.refresh())
    assert told == ["b"]
    granted.clear()
    asyncio.run(standings.refresh())
    asyncio.run(standings.refresh())
    assert told == ["b", "a"]


def test_a_large_snapshot_lets_calls_through_between_joins(path: Path) -> None:
    write(path, {str(n): ENTRY for n in range(2_000)}, made_at=3000.0)
    told: list[int] = []
    standings = LiveStandings(path, on_join=lambda _account, _campaign: told.append(1))
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(told))
            await asyncio.sleep(0)

    async def both() -> None:
        task = asyncio.create_task(others())
        await standings.refresh()
        task.cancel()

    asyncio.run(both())
    assert len({t for t in turns if 0 < t < 2_000}) >= 6
