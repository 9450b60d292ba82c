"""One indicator through two hosts: found at the first, shared, evidence at the second, answered, withdrawn, revoked."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scan_reports import KEY, Report, Traffic
from stillwatch.app import scan
from stillwatch.cli.main import _run
from stillwatch.partners import read_partners
from stillwatch.plugins import load_modules
from stillwatch.settings import ScanSettings
from taxii_world import serving

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run ``stillwatch share`` in the folder of a host."""
    load_modules("stillwatch.cli.commands")

    def go(host: str, *arguments: str | Path) -> tuple[int, str]:
        (tmp_path / host).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / host)
        monkeypatch.setattr(sys, "argv", ["stillwatch", "share", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return code, said.out + said.err

    return go


def report_of_today(report: Report, folder: Path) -> str:
    """Write the report's campaigns as if they had been found today; return the name of the one there is."""
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    days = {
        "first_call_at": (now - timedelta(days=9)).isoformat(),
        "last_call_at": (now - timedelta(days=1)).isoformat(),
    }
    (found,) = report.campaigns
    (folder / "campaigns.json").write_text(json.dumps([found | days]))
    return str(found["campaign"])


def received(command: Command) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(command("b", "received", "--json")[1])
    return found


def test_an_indicator_is_shared_becomes_evidence_is_disputed_and_is_revoked(
    command: Command,
    evasion: Traffic,
    evasion_report: Report,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = report_of_today(evasion_report, tmp_path / "a/report")
    store_a, store_b = (f"sqlite:///{tmp_path}/{host}/.stillwatch/sharing.db" for host in "ab")

    # Host A shares what its scan found, in a collection that host B may read and answer in.
    assert command("a", "collection", "Campaigns")[0] == 0
    _, token = command("a", "caller", "Host B", "--read", "Campaigns", "--write", "Campaigns", "--as", "Host B")
    shared = ("--as", "Host A", "--to", "Host B", "--purpose", "joint defence", "--collection", "Campaigns")
    assert command("a", "export", "report", *shared)[0] == 0
    monkeypatch.setenv("STILLWATCH_SHARE_TOKEN", token.strip())
    with serving(store_a, folder=tmp_path / "a") as served:
        at = f"{served.url}/taxii2/"
        answer = ("--as", "Host B", "--to", "Host A", "--url", at)

        # Host B fetches it. Its own scan finds the campaign, and the partner's word makes it likelier.
        assert command("b", "pull", at)[0] == 0
        assert all(r["holds"] for r in received(command))
        network = next(r["object"] for r in received(command) if r["kind"] == "network")
        (tmp_path / "b/key").write_bytes(KEY)
        (tmp_path / "b/key").chmod(0o600)
        settings = ScanSettings(key_file=tmp_path / "b/key", partners=store_b)
        with_partners = scan(
            [evasion.log],
            out=tmp_path / "b/report",
            settings=settings,
            accounts=evasion.accounts,
            now=datetime.now(UTC),
        )
        (found,), (alone,) = with_partners.campaigns, evasion_report.campaigns
        evidence = dict(found["coordination"]["evidence"])
        assert 0 < evidence.pop("partners")["bits"] <= 3
        assert evidence == alone["coordination"]["evidence"]
        assert found["false_alarm_rate"] == alone["false_alarm_rate"]
        assert with_partners.scan["partners"]["indicators"] == len(received(command))

        # Host B answers: it has seen the network, and it disagrees about the wording. Nobody else may speak for it.
        since = ("--since", f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}")
        assert command("b", "sighting", network, "--count", "25", *since, *answer)[0] == 0
        wording = next(r["object"] for r in received(command) if r["kind"] == "wording")
        disagrees = ("--says", "disagree", "--because", "a published prompt says the same")
        assert command("b", "opinion", wording, *disagrees, *answer)[0] == 0
        code, said = command("b", "opinion", wording, *disagrees, "--as", "Host C", *answer[2:])
        assert (code, "1 refused" in said) == (1, True)
        told = command("a", "feedback")[1]
        assert "seen by 25 account(s)" in told
        assert "disagree: a published prompt" in told
        assert command("b", "pull", at)[0] == 0
        assert {r["disputed"] for r in received(command) if r["object"] == wording} == {True}
        assert {r["holds"] for r in received(command) if r["object"] == network} == {True}

        # The appeal is granted: host A withdraws, and host B knows with its next pull.
        code, said = command("a", "withdraw", "--campaign", name, "--to", "all partners", "--purpose", "appeal granted")
        assert (code, "1 collection(s)" in said) == (0, True)
        assert any(r["holds"] for r in received(command))
        assert command("b", "pull", at)[0] == 0
    assert all(r["revoked"] for r in received(command))
    assert read_partners(store_b, None, now=time.time()).indicators == ()
