"""``stillwatch share`` as a command: what a person sees before anything leaves, and what is logged when it does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sharing_world import SECRETS, campaign, write_report
from stillwatch.cli.main import _run
from stillwatch.evidence.opened import open_log
from stillwatch.plugins import load_modules

Command = Callable[..., tuple[int, str, str]]
SHARE = ("--as", "Host A", "--to", "Host B", "--purpose", "defence against extraction")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    load_modules("stillwatch.cli.commands")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def go(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stillwatch", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


@pytest.fixture
def report(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    days = {name: (now - timedelta(days=n)).isoformat() for name, n in (("first_call_at", 9), ("last_call_at", 2))}
    return write_report(tmp_path / "report", campaign("C-1", **days), campaign("C-2", **days))


def shares() -> list[dict[str, Any]]:
    log = open_log(Path(".stillwatch/evidence")).reader
    entries = [json.loads(e) for e in log.entries()]
    return [e for e in entries if e["kind"] == "share"]


def test_a_dry_run_shows_every_field_and_what_stays_and_leaves_nothing(command: Command, report: Path) -> None:
    code, out, _ = command("share", "export", report, "--as", "Host A", "--dry-run")
    assert code == 0
    for shown in ("198.51.100.0/24", "WHAT TO LOOK FOR", "Stays here", "they would name customers", "dry run"):
        assert shown in out
    assert not [s for s in SECRETS if s in out]
    assert not Path(".stillwatch/evidence").exists()


def test_an_export_is_written_and_logged_with_recipient_purpose_and_ids(command: Command, report: Path) -> None:
    assert command("share", "group-key", "g")[0] == 0
    code, out, err = command("share", "export", report, *SHARE, "--campaign", "C-1", "-o", "c.json", "--group-key", "g")
    assert (code, err) == (0, "")
    made = json.loads(Path("c.json").read_text())
    (entry,) = shares()
    assert (entry["recipient"], entry["purpose"]) == ("Host B", "defence against extraction")
    assert set(entry["objects"]) <= {o["id"] for o in made["objects"]}
    assert "object(s) for Host B" in out
    _, listed, _ = command("share", "list")
    assert "C-1" in listed
    assert "C-2" not in listed


def test_nothing_leaves_without_a_recipient_or_a_file(command: Command, report: Path) -> None:
    assert command("share", "export", report, "--as", "Host A", "-o", "x.json")[0] == 2
    assert not Path("x.json").exists()
    code, _, err = command("share", "export", report, *SHARE)
    assert code == 2
    assert "--dry-run" in err


def test_a_withdrawn_campaign_is_revoked_in_a_bundle_and_logged(command: Command, report: Path) -> None:
    command("share", "export", report, *SHARE, "-o", "c.json")
    code, out, _ = command(
        "share", "withdraw", "--campaign", "C-1", "--to", "Host B", "--purpose", "appeal granted", "-o", "r.json"
    )
    assert code == 0
    assert "revoked" in out
    gone = json.loads(Path("r.json").read_text())["objects"]
    assert gone
    assert all(o["revoked"] for o in gone)
    assert [e["purpose"] for e in shares()] == ["defence against extraction", "appeal granted"]
    assert command("share", "export", report, *SHARE, "-o", "again.json")[0] == 2


def test_every_format_is_written(command: Command, report: Path) -> None:
    for name in ("misp", "ocsf", "csv"):
        assert command("share", "export", report, *SHARE, "--format", name, "-o", f"c.{name}")[0] == 0
        assert Path(f"c.{name}").stat().st_size > 500
