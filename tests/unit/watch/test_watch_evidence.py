"""What a round of watch appends to the evidence log: everything once, whatever goes wrong between."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journals import KEY, asked, settings
from stillwatch.errors import SourceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.opened import open_log
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.settings import EvidenceSettings
from stillwatch.watch import rounds
from stillwatch.watch.rounds import WatchSettings, take_round
from stillwatch.watch.sealing import seal

NOW = 1_780_100_000.0
"""A day after the calls of ``journals.asked``."""


@pytest.fixture
def made(tmp_path: Path) -> WatchSettings:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    evidence = EvidenceSettings(folder=tmp_path / "evidence", key_file=tmp_path / "key")
    folders = {"standing": tmp_path / "standing", "report": tmp_path / "report"}
    return WatchSettings(
        journal=settings(tmp_path), evidence=evidence, admin_log=tmp_path / "admin-log.jsonl", **folders
    )


def write(made: WatchSettings, *ids: str, notes: int = 0) -> None:
    writer = JournalWriter(made.journal)
    for number, name in enumerate(ids):
        writer.admit(name, asked(number))
        writer.finish(name, {"status": 200, "output_tokens": number})
    for number in range(notes):
        writer.note("refusal", {"call_id": f"r{number}", "account": "a1", "level": "account", "at": 5 + number})
    writer.close()


def entries(made: WatchSettings) -> list[dict[str, Any]]:
    assert made.evidence is not None
    reader = open_log(made.evidence.folder).reader
    return [json.loads(entry) for entry in reader.entries()]


def kinds(made: WatchSettings) -> Counter[str]:
    return Counter(entry["kind"] for entry in entries(made))


def pending(made: WatchSettings) -> list[str]:
    return sorted(path.name for path in Layout(made.journal.folder).pending.iterdir())


def test_calls_notes_and_what_administrators_did_go_in_once(made: WatchSettings) -> None:
    write(made, "c1", "c2", notes=2)
    assert made.admin_log is not None
    made.admin_log.write_text('{"kind":"kill_switch","on":true,"at":5}\n')
    assert take_round(made, now=NOW).logged == 5
    assert kinds(made) == {"log": 1, "call": 2, "decision": 2, "policy": 1}
    assert pending(made) == []
    assert take_round(made, now=NOW + 60).logged == 0
    write(made, "c3")
    assert take_round(made, now=NOW + 120).logged == 1
    assert kinds(made)["call"] == 3


def test_an_entry_commits_to_the_prompt_as_if_the_log_had_been_appended_by_hand(made: WatchSettings) -> None:
    write(made, "c1")
    take_round(made, now=NOW)
    assert made.evidence is not None
    with Book(made.evidence, clock=lambda: NOW, create=False) as book:
        (index,) = book.vault.find("call_id", "c1")
        ((_, _, fields),) = book.vault.read([index])
    assert fields["account"] == "a0"
    assert len(str(fields["prompt"])) == 64


def test_no_prompt_waits_in_clear(made: WatchSettings) -> None:
    write(made, "c1")
    layout = Layout(made.journal.folder)
    layout.pending.mkdir(mode=0o700)
    seal(made.journal)
    assert len(pending(made)) == 1
    assert not [p for p in layout.folder.rglob("*") if p.is_file() and b"Explain number" in p.read_bytes()]


def test_a_crash_before_what_is_appended_was_forgotten_appends_nothing_twice(
    made: WatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(made, "c1", "c2", notes=1)
    unlink = Path.unlink

    def dying(path: Path, *, missing_ok: bool = False) -> None:
        if path.parent.name == "pending" and not path.name.startswith("."):
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", dying)
        with pytest.raises(KeyboardInterrupt):
            take_round(made, now=NOW)
    assert len(pending(made)) == 2
    assert kinds(made)["call"] == 2
    take_round(made, now=NOW + 60)
    assert (kinds(made)["call"], kinds(made)["decision"]) == (2, 1)
    assert pending(made) == []


def test_a_log_that_cannot_be_written_stops_no_scan_and_gets_all_later(
    made: WatchSettings, caplog: pytest.LogCaptureFixture
) -> None:
    write(made, "c1")
    assert made.evidence is not None
    with Book(made.evidence, clock=lambda: NOW):
        done = take_round(made, now=NOW)
    assert (done.scanned, done.logged) == (True, 0)
    assert "the next round tries again" in caplog.text
    write(made, "c2")
    take_round(made, now=NOW + 60)
    assert kinds(made)["call"] == 2


def test_a_scan_that_fails_keeps_no_call_out_of_the_log(made: WatchSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise SourceError("no")

    write(made, "c1")
    with monkeypatch.context() as patch:
        patch.setattr(rounds, "scan", failing)
        with pytest.raises(SourceError):
            take_round(made, now=NOW)
    assert kinds(made)["call"] == 1


def test_what_cannot_be_read_waits_and_the_rest_goes_in(made: WatchSettings, caplog: pytest.LogCaptureFixture) -> None:
    write(made, "c1")
    pending_folder = Layout(made.journal.folder).pending
    pending_folder.mkdir(mode=0o700)
    (pending_folder / "0000000000000000-00000001.calls.enc").write_bytes(b"garbage")
    take_round(made, now=NOW)
    assert kinds(made)["call"] == 1
    assert pending(made) == ["0000000000000000-00000001.calls.enc"]
    assert "cannot be decrypted" in caplog.text


def test_a_log_that_was_turned_off_gets_nothing_and_what_waits_for_it_is_told(
    made: WatchSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    off = replace(made, evidence=None)
    write(made, "c1")
    take_round(made, now=NOW)
    take_round(off, now=NOW)
    assert not Layout(made.journal.folder).pending.exists()
    assert not caplog.messages
    write(made, "c2")
    Layout(made.journal.folder).pending.mkdir(mode=0o700)
    seal(made.journal)
    take_round(off, now=NOW)
    assert "1 files in" in caplog.text
    take_round(made, now=NOW)
    assert kinds(made)["call"] == 2


def test_what_never_got_into_the_log_expires_loudly_with_everything_else(
    made: WatchSettings, caplog: pytest.LogCaptureFixture
) -> None:
    write(made, "c1")
    assert made.evidence is not None
    with Book(made.evidence, clock=lambda: NOW):
        take_round(made, now=NOW)
        (waiting,) = Layout(made.journal.folder).pending.iterdir()
        os.utime(waiting, (NOW, NOW))
        take_round(made, now=NOW + (made.journal.keep_days + 1) * 86_400)
    assert pending(made) == []
    assert "never got into the evidence log" in caplog.text
