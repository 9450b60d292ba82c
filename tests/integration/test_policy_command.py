"""``stillwatch policy`` as a command, and its page in a real browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import sync_playwright

from scan_reports import Report, Traffic
from stillwatch.cli.main import _run
from stillwatch.plugins import load_modules

RULES = Path(__file__).parents[2] / "docs/examples/rules.toml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    load_modules("stillwatch.cli.commands")
    monkeypatch.setattr("sys.argv", ["stillwatch", "policy", *map(str, words)])
    return _run()


def test_replay_tells_what_would_have_happened_to_whom(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    evasion: Traffic,
    evasion_report: Report,
) -> None:
    out = tmp_path / "replay"
    asked = ["replay", RULES, evasion.log, "--report", evasion_report.folder, "--accounts", evasion.accounts]
    assert run(monkeypatch, *asked, "--out", out, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((out / "replay.json").read_text())
    everyone = evasion.calls()
    assert sum(summary["all"][g]["calls"] for g in summary["all"]) == everyone.num_rows
    assert summary["all"]["campaigns"]["accounts"] == len(evasion_report.accused())
    pace = next(line for line in summary["by_rule"] if line["action"] == "pace")
    assert pace["campaigns"]["accounts"] > 0
    assert pace["innocents"]["accounts"] == 0
    listed = pq.read_table(out / "accounts.parquet")
    touched = {r["account"] for r in listed.to_pylist() if r["campaign"] and r["calls"]}
    assert touched <= evasion_report.accused()
    assert run(monkeypatch, *asked, "--out", out) == 0
    said = capsys.readouterr().out
    assert "pace a campaign" in said
    assert "Accounts in no campaign" in said


def test_replay_leaves_a_folder_that_is_not_its_own_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, evasion: Traffic, evasion_report: Report
) -> None:
    (tmp_path / "mine.txt").touch()
    asked = ["replay", RULES, evasion.log, "--report", evasion_report.folder, "--out", tmp_path]
    assert run(monkeypatch, *asked) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_check_says_what_is_wrong_and_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "check", RULES) == 0
    assert "9 rules, 0 enforced" in capsys.readouterr().out
    bad = tmp_path / "bad.toml"
    bad.write_text('[[rules]]\nname = "x"\naction = "pace"\nreason = "r"\n')
    assert run(monkeypatch, "check", bad) == 2
    said = capsys.readouterr().err
    assert f"{bad}:1: rule 'x': amount: is missing" in said
    assert "until: is missing" in said


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_the_page_is_quiet_and_fits_the_screen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, evasion: Traffic, evasion_report: Report
) -> None:
    out = tmp_path / "replay"
    asked = ["replay", RULES, evasion.log, "--report", evasion_report.folder, "--accounts", evasion.accounts]
    assert run(monkeypatch, *asked, "--out", out) == 0
    address = (out / "replay.html").as_uri()
    noise: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((400, "dark"), (1280, "light")):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            page.on("console", lambda message: noise.append(message.text))
            page.on("pageerror", lambda error: noise.append(str(error)))
            page.on("request", lambda request: None if request.url == address else noise.append(request.url))
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert noise == []
