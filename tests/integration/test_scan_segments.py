"""Scans of fingerprint segments: the same campaigns as scans of the text, without the text."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from journals import END
from scan_reports import Report, Scanner, Traffic
from stillwatch.errors import SourceError
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.watch.keeping import merge_segments
from stillwatch.watch.sealing import seal

TABLES = ("campaigns.json", "members.parquet", "sightings.parquet", "tenants.json")


def sealed(scanner: Scanner, calls: list[dict[str, object]], name: str = "journal") -> Path:
    """Write calls through the gateway's journal, seal them under the scanner's key, and return the sealed folder."""
    journal = Journal(folder=scanner.folder / name, key_file=scanner.key, segment_bytes=2 << 20)
    writer = JournalWriter(journal)
    for row in calls:
        call = str(row["call_id"])
        writer.admit(call, {k: v for k, v in row.items() if k not in END and v is not None})
        writer.finish(call, {k: row[k] for k in END})
    writer.close()
    assert seal(journal).calls == len(calls)
    return Layout(journal.folder).sealed


def assert_same(one: Report, other: Report) -> None:
    assert one.campaigns, "nothing was found, so nothing is compared"
    for name in TABLES:
        assert one.raw(name) == other.raw(name), name


def test_segments_give_the_same_tables_as_the_text(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    folder = sealed(scanner, evasion.calls().to_pylist())
    assert len(list(folder.iterdir())) > 3
    assert_same(scanner(folder, accounts=evasion.accounts), evasion_report)
    merge_segments(Layout(folder.parent), at=2)
    assert len(list(folder.iterdir())) == 1
    assert_same(scanner(f"{folder}/*.parquet", accounts=evasion.accounts, threads=1), evasion_report)


def test_segments_and_text_together_give_the_same_tables(
    scanner: Scanner, evasion: Traffic, evasion_report: Report
) -> None:
    calls = evasion.calls()
    folder = sealed(scanner, calls.slice(0, 5_000).to_pylist())
    pq.write_table(calls.slice(5_000), scanner.folder / "rest.parquet")
    assert_same(scanner(folder, scanner.folder / "rest.parquet", accounts=evasion.accounts), evasion_report)


def test_no_text_is_fingerprinted_again(scanner: Scanner, evasion: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sealed(scanner, evasion.calls().slice(0, 500).to_pylist())

    def fail(*_: object) -> None:
        pytest.fail("a segment was taken for text")

    monkeypatch.setattr(Fingerprinter, "fingerprint", fail)
    assert scanner(folder).scan["calls"] == 500


def test_a_segment_of_another_key_is_refused(scanner: Scanner, evasion: Traffic) -> None:
    folder = sealed(scanner, evasion.calls().slice(0, 50).to_pylist())
    with pytest.raises(SourceError, match="made under another fingerprint key"):
        scanner(folder, key_file=scanner.folder / "other")
