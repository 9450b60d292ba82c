"""Logs and reports on their way into the evidence log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch import recording
from stillwatch.errors import ReportError, SourceError
from stillwatch.evidence.book import Appended, Book
from stillwatch.ingest.rejects import Rejects
from stillwatch.recording import AppendedFile, append_findings, append_logs
from stillwatch.settings import EvidenceSettings


def open_book(folder: Path) -> Book:
    return Book(EvidenceSettings(folder=folder / "evidence", key_file=folder / "key"), clock=lambda: 1.0)


def write_log(path: Path, first: int, count: int) -> Path:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [
        {"call_id": f"c{i}", "account": "a", "started_at": (at + timedelta(seconds=i)).isoformat(), "model": "m"}
        for i in range(first, first + count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def append(book: Book, *logs: Path) -> list[AppendedFile]:
    return list(append_logs(book, logs, rejects=Rejects(None)))


def test_a_file_is_appended_once_and_skipped_when_it_did_not_change(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.jsonl", 0, 5)
    with open_book(tmp_path) as book:
        assert append(book, log) == [AppendedFile(log, Appended(5, 5, 1))]
        assert append(book, log) == [AppendedFile(log, Appended(), known=True)]
        write_log(log, 0, 7)
        assert append(book, log) == [AppendedFile(log, Appended(7, 2, 7))]


def test_a_folder_of_logs_that_overlap_is_appended_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    first, second = write_log(tmp_path / "logs/a.jsonl", 0, 5), write_log(tmp_path / "logs/b.jsonl", 3, 5)
    told: list[tuple[int, int]] = []
    with open_book(tmp_path) as book:
        done = list(
            append_logs(book, [first.parent], rejects=Rejects(None), on_progress=lambda b, c: told.append((b, c)))
        )
        assert [f.added.new for f in done] == [5, 3]
        assert book.log.size == 1 + 8 + 2
    assert told[-1] == (sum(f.stat().st_size for f in (first, second)), 10)
    assert told == sorted(told)


def test_a_file_that_grows_while_it_is_read_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_log(tmp_path / "a.jsonl", 0, 5)
    digests = iter(["before", "after"])
    monkeypatch.setattr(recording, "_digest", lambda _: next(digests))
    with open_book(tmp_path) as book:
        append(book, log)
        assert book.events.sources == set()
        assert book.log.size == 6


def test_a_log_that_cannot_be_read_to_its_end_leaves_what_was_read_and_goes_on_later(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.jsonl", 0, 5)
    with open_book(tmp_path) as book:
        with pytest.raises(SourceError):
            append(book, tmp_path / "none.jsonl")
        assert append(book, log)[0].added.new == 5


def test_findings_are_logged_once(tmp_path: Path) -> None:
    campaign = {"campaign": "C-1", "accounts": 2, "calls": 3, "strength_bits": 1.5}
    (tmp_path / "campaigns.json").write_text(json.dumps([campaign, campaign | {"campaign": "C-2"}]))
    with open_book(tmp_path) as book:
        assert append_findings(book, tmp_path) == 2
        assert append_findings(book, tmp_path) == 0


@pytest.mark.parametrize("text", ["", "[1]", '[{"campaign":"C"}]', "null"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "campaigns.json").write_text(text)
    with open_book(tmp_path) as book:
        with pytest.raises(ReportError, match="not the campaigns"):
            append_findings(book, tmp_path)
        with pytest.raises(ReportError, match="cannot be read"):
            append_findings(book, tmp_path / "none")
