"""``stillwatch scan`` as a command: exit codes, messages, what it leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scan_reports import KEY, Report, Traffic, replace_column
from stillwatch.cli.main import _run
from stillwatch.plugins import load_modules

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run the command in this process, in a folder of its own, without leaving the process."""
    load_modules("stillwatch.cli.commands")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def go(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["stillwatch", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return go


@pytest.fixture
def small(tmp_path: Path) -> Path:
    rows = [
        {"call_id": f"c{i}", "account": f"a{i % 3}", "started_at": 1_780_000_000 + i, "model": "m", "prompt": f"hi {i}"}
        for i in range(12)
    ]
    (tmp_path / "small.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "small.jsonl"


def test_tells_what_it_found_and_where_the_report_is(command: Command, evasion: Traffic, tmp_path: Path) -> None:
    done = command("scan", evasion.log, "--accounts", evasion.accounts, "--out", tmp_path / "report")
    assert done.code == 0
    campaign = Report(tmp_path / "report").campaigns[0]
    assert campaign["campaign"] in done.out
    assert str(tmp_path / "report" / "report.html") in done.out
    assert "Traceback" not in done.err


def test_says_so_when_there_is_no_campaign(command: Command, small: Path) -> None:
    done = command("scan", small, "--out", "report")
    assert done.code == 0
    assert "Scanned 12 calls of 3 accounts" in done.out
    assert "No campaign found." in done.out


def test_prints_one_json_object_that_is_the_report(command: Command, evasion: Traffic, tmp_path: Path) -> None:
    done = command("scan", evasion.log, "--out", "report", "--json")
    said = json.loads(done.out)
    report = Report(tmp_path / "report")
    assert said["campaigns"] == report.campaigns
    assert said["tenants"] == report.json("tenants.json")
    assert said["operators"] == report.json("operators.json")
    assert said["scan"] == report.scan
    assert said["report"] == "report"
    assert done.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scan", "nowhere.jsonl", "--out", "report"], "nowhere.jsonl: no such file or folder"),
        (["scan", "small.jsonl", "--out", "report", "--accounts", "none.csv"], "none.csv: no such file or folder"),
        (["scan", "small.jsonl", "--out", "report", "--without", "astrology"], "no such family: astrology"),
        (["scan", "small.jsonl", "--out", "report", "--source", "astrology"], "astrology"),
        (["scan", "small.jsonl", "--out", "report", "--threads", "0"], "threads: 0 is not between 1 and 256"),
        (["scan", "small.jsonl", "--out", "report", "--memory", "0.1"], "memory_gib: 0.1"),
        (["scan", "small.jsonl", "--out", "report", "--key", "."], "the key cannot be read or made"),
        (["scan", "small.jsonl"], "--out"),
        (["scan", "--out", "report"], "LOG"),
    ],
)
def test_wrong_use_is_told_in_a_line_and_exits_with_2(
    command: Command, small: Path, arguments: list[str], says: str
) -> None:
    done = command(*arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
    assert [p.name for p in small.parent.iterdir() if p.name.startswith((".report", "report"))] == []


def test_a_folder_that_is_no_report_is_left_alone(command: Command, small: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    done = command("scan", small, "--out", mine)
    assert done.code == 2
    assert "mine: exists and is not a report; choose another --out" in done.err
    assert {p.name: p.read_text() for p in mine.iterdir()} == {"thesis.txt": "years of work"}


def test_a_file_is_no_folder_for_a_report(command: Command, small: Path) -> None:
    before = small.read_bytes()
    assert command("scan", small, "--out", small).code == 2
    assert small.read_bytes() == before


def test_an_empty_folder_and_missing_parents_will_do(command: Command, small: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert command("scan", small, "--out", "empty").code == 0
    assert command("scan", small, "--out", "deep/er/report").code == 0
    assert (tmp_path / "deep" / "er" / "report" / "scan.json").is_file()


def test_an_earlier_report_is_replaced_as_a_whole(command: Command, small: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(small.read_text() + "\nnot JSON\n")
    assert command("scan", broken, "--out", "report").code == 0
    assert (tmp_path / "report" / "rejects.jsonl").is_file()
    assert command("scan", small, "--out", "report").code == 0
    assert not (tmp_path / "report" / "rejects.jsonl").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"small.jsonl", "broken.jsonl", "report", ".stillwatch"}


def test_a_failed_scan_leaves_the_earlier_report(command: Command, small: Path, tmp_path: Path) -> None:
    assert command("scan", small, "--out", "report").code == 0
    before = (tmp_path / "report" / "scan.json").read_bytes()
    (tmp_path / "broken.jsonl").write_text(small.read_text() + "\nnot JSON\n")
    assert command("scan", "broken.jsonl", "--out", "report", "--strict").code == 2
    assert (tmp_path / "report" / "scan.json").read_bytes() == before


def test_a_key_is_made_once_and_reused(command: Command, small: Path, tmp_path: Path) -> None:
    assert command("scan", small, "--out", "one").code == 0
    key = tmp_path / ".stillwatch" / "key"
    made = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert command("scan", small, "--out", "two").code == 0
    assert key.read_bytes() == made
    assert (tmp_path / "one" / "members.parquet").read_bytes() == (tmp_path / "two" / "members.parquet").read_bytes()


def test_a_key_that_others_can_read_is_refused(command: Command, small: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o644)
    done = command("scan", small, "--out", "report", "--key", "key")
    assert done.code == 2
    assert "chmod 600 key" in done.err


def test_rejected_rows_are_mentioned(command: Command, small: Path) -> None:
    small.write_text(small.read_text() + "\nnot JSON\n")
    done = command("scan", small, "--out", "report")
    assert done.code == 0
    assert "1 rows rejected or doubtful" in done.out


def test_numbers_in_prompts_are_shown_only_when_asked_for(command: Command, evasion: Traffic, tmp_path: Path) -> None:
    calls, members = evasion.calls(), evasion.members()
    prompts = [
        f"{json.loads(messages)[-1]['content']} Ref 7294021" if account in members else None
        for account, messages in zip(calls["account"].to_pylist(), calls["messages"].to_pylist(), strict=True)
    ]
    others = [m if p is None else None for m, p in zip(calls["messages"].to_pylist(), prompts, strict=True)]
    pq.write_table(
        replace_column(replace_column(calls, "messages", others), "prompt", prompts), tmp_path / "log.parquet"
    )
    assert command("scan", "log.parquet", "--out", "masked").code == 0
    assert command("scan", "log.parquet", "--out", "shown", "--keep-text").code == 0
    assert Report(tmp_path / "masked").campaigns
    for path in (tmp_path / "masked").iterdir():
        assert b"7294021" not in path.read_bytes(), path.name
    assert b"7294021" in Report(tmp_path / "shown").raw("report.html")


def interrupt(process: subprocess.Popen[str], folder: Path, *, after: float) -> tuple[str, str]:
    """Send Ctrl-C once the scan has begun to write."""
    deadline = time.monotonic() + 60
    while not list(folder.glob(".report-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)


@pytest.mark.parametrize("after", [0.0, 0.3])
def test_ctrl_c_leaves_nothing_and_says_so(evasion: Traffic, tmp_path: Path, after: float) -> None:
    arguments = ["scan", evasion.log, "--accounts", evasion.accounts, "--out", tmp_path / "report"]
    process = subprocess.Popen(
        [*STILLWATCH, *map(str, arguments), "--key", str(tmp_path / "key")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A program that a script starts in the background is told to ignore Ctrl-C, and its children are too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    )
    _, err = interrupt(process, tmp_path, after=after)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert {p.name for p in tmp_path.iterdir()} == {"key"}


def test_the_installed_program_exits_with_2_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [*STILLWATCH, "scan", "nowhere", "--out", "report"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "stillwatch: nowhere: no such file or folder"
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []
