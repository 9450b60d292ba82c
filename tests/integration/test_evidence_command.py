"""``stillwatch evidence`` and ``verify receipt`` as commands: what a person sees, and what is left behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scan_reports import Report, Traffic
from stillwatch.cli.main import _run
from stillwatch.evidence.second_sources import read_statement
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

    def go(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["stillwatch", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return go


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [
        {"call_id": f"c{i}", "account": f"a{i % 3}", "started_at": 1_780_000_000 + i, "model": "m", "prompt": f"hi {i}"}
        for i in range(12)
    ]
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "calls.jsonl"


def test_without_settings_everything_lives_under_one_folder_here(command: Command, log: Path, tmp_path: Path) -> None:
    done = command("evidence", "append", log)
    assert done.code == 0
    assert "12 calls, 12 of them new" in done.out
    assert "has 14 entries" in done.out
    assert sorted(p.name for p in tmp_path.iterdir()) == [".stillwatch", "calls.jsonl"]
    again = command("evidence", "append", log)
    assert "appended before, skipped" in again.out
    assert "has 14 entries" in again.out


def test_appending_says_as_json_what_became_of_each_file(command: Command, log: Path) -> None:
    said = json.loads(command("evidence", "append", log, "--json", "--origin", "log.example").out)
    assert said["files"] == [{"path": str(log), "known": False, "calls": 12, "new": 12, "first": 1}]
    assert said["checkpoint"].startswith("log.example\n14\n")


def test_a_receipt_goes_to_the_holder_of_an_account_and_holds(command: Command, log: Path) -> None:
    command("evidence", "append", log)
    assert command("evidence", "receipt", "--account", "a1", "-o", "mine.json").code == 0
    done = command("verify", "receipt", "mine.json")
    assert done.code == 0
    assert done.out.count('"account": "a1"') == 4
    assert "key(s) in the receipt itself" in done.out
    assert "does not prove that they are true" in done.out
    vkey = json.loads(Path("mine.json").read_text())["vkeys"][0]
    given = command("verify", "receipt", "mine.json", "--vkey", vkey)
    assert (given.code, "that you gave" in given.out) == (0, True)


def test_an_altered_receipt_is_refused_with_the_reason(command: Command, log: Path) -> None:
    command("evidence", "append", log)
    command("evidence", "receipt", "--call", "c7", "-o", "mine.json")
    altered = Path("mine.json").read_text().replace('\\"completed\\":true', '\\"completed\\":false')
    Path("mine.json").write_text(altered)
    done = command("verify", "receipt", "mine.json")
    assert (done.code, "not in this tree" in done.err) == (2, True)


def test_what_is_erased_has_no_receipt_any_more(command: Command, log: Path) -> None:
    command("evidence", "append", log)
    done = command("evidence", "erase", "--account", "a1", "--reason", "asked for")
    assert "4 record(s) can no longer be opened" in done.out
    refused = command("evidence", "receipt", "--account", "a1")
    assert (refused.code, "erased" in refused.err) == (2, True)
    assert command("evidence", "check", "--openings").out.endswith("opens 8 entries, each as it was committed to.\n")
    again = command("evidence", "erase", "--account", "a1", "--reason", "asked for")
    assert (again.code, "nothing was erased" in again.err) == (2, True)


def test_an_edited_log_is_noticed_by_the_check_and_at_the_next_append(command: Command, log: Path) -> None:
    command("evidence", "append", log)
    assert "all 14 entries" in command("evidence", "check").out
    bundle = Path(".stillwatch/evidence/log/public/tile/entries/000.p/14")
    bundle.write_bytes(bundle.read_bytes().replace(b"true", b"fals", 1))
    for asked in (["check"], ["append", str(log)]):
        done = command("evidence", *asked)
        assert (done.code, "edited" in done.err) == (2, True)


def test_keys_are_rotated_and_a_proof_is_a_file_of_its_own(command: Command, log: Path) -> None:
    command("evidence", "append", log)
    done = command("evidence", "rotate", "--ml-dsa")
    assert len([line for line in done.out.splitlines() if line.startswith("stillwatch/")]) == 2
    assert command("evidence", "prove", "3", "-o", "three").code == 0
    assert Path("three").read_text().startswith("c2sp.org/tlog-proof@v1\nindex 3\n")
    assert command("evidence", "heartbeat", "d7f1").code == 0
    assert "all 16 entries" in command("evidence", "check").out


def test_a_second_source_signs_what_it_confirms_with_its_log_s_key(command: Command, log: Path, tmp_path: Path) -> None:
    command("evidence", "append", log, "--origin", "other.example/log")
    about = ("--origin", "log.example", "--campaign", "C-1", "--says", "The same cards paid here.")
    done = command("evidence", "confirm", *about, "--head", "3", "-o", "statement")
    assert "coordinated use of multiple accounts; signed with other.example/log+" in done.out
    note = (tmp_path / "statement").read_bytes()
    assert read_statement(note).says == "The same cards paid here."
    assert "— other.example/log " in note.decode()
    assert command("evidence", "confirm", *about, "--head", "8", "-o", "statement").code == 2


def test_a_scan_logs_what_it_found(command: Command, evasion: Traffic, evasion_report: Report) -> None:
    done = command("scan", evasion.log, "--accounts", evasion.accounts, "--out", "report", "--evidence", "evidence")
    assert (done.code, "1 new finding(s)" in done.err) == (0, True)
    assert command("evidence", "report", "report", "--folder", "evidence").out.startswith("0 finding(s) logged")
    assert len(evasion_report.json("campaigns.json")) == 1


def test_notes_of_the_gateway_are_logged_once(command: Command) -> None:
    Path("admin-log.jsonl").write_text('{"kind":"kill_switch","on":true,"at":5}\n')
    assert "1 new notes" in command("evidence", "notes", "admin-log.jsonl").out
    assert "0 new notes" in command("evidence", "notes", "admin-log.jsonl").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check"], "no log was begun here"),
        (["serve"], "no log was begun here"),
        (["receipt"], "either --account or --call"),
        (["erase", "--reason", "x"], "no log was begun here"),
        (["append", "none.jsonl"], "no such file"),
        (["report", "none"], "cannot be read"),
    ],
)
def test_wrong_use_says_what_to_do(command: Command, arguments: list[str], says: str) -> None:
    done = command("evidence", *arguments)
    assert (done.code, says in done.err) == (2, True)


def wait_for(port: int) -> None:
    """Wait until somebody listens, for a minute at most."""
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until, "the server never listened"
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def served(command: Command, log: Path, tmp_path: Path) -> Iterator[str]:
    command("evidence", "append", log)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*STILLWATCH, "evidence", "serve", "--port", str(port)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr
        process.stderr.readline()
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        if process.stderr:
            process.stderr.close()


def test_the_log_is_served_and_what_opens_it_is_not(served: str, tmp_path: Path) -> None:
    def get(path: str) -> bytes:
        with urllib.request.urlopen(served + path, timeout=30) as answer:  # noqa: S310 - loopback
            body: bytes = answer.read()
            return body

    public = tmp_path / ".stillwatch/evidence/log/public"
    for path in ("checkpoint", "tile/0/000.p/14", "tile/entries/000.p/14"):
        assert get(f"/{path}") == (public / path).read_bytes()
    for path in ("/../keys/signed", "/../../vault/events.jsonl", "/%2e%2e/keys/signed"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(path)
        assert refused.value.code == 404
        refused.value.close()
