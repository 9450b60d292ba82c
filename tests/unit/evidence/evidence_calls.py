"""Batches of calls for the tests of the book."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from stillwatch.evidence.book import Book
from stillwatch.records import CALL_LOG
from stillwatch.settings import EvidenceSettings

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def calls(first: int, count: int, **more: object) -> pa.RecordBatch:
    """Make calls number ``first`` and following, of two accounts in turn."""
    rows = [
        {
            "call_id": f"c{i}",
            "account": f"a{i % 2}",
            "started_at": AT + timedelta(seconds=i),
            "model": "m",
            "prompt": f"question {i}",
            "output_tokens": i,
            **more,
        }
        for i in range(first, first + count)
    ]
    return pa.RecordBatch.from_pylist(rows, CALL_LOG.schema)


def settings_in(folder: Path, **more: object) -> EvidenceSettings:
    return EvidenceSettings(folder=folder / "evidence", key_file=folder / "key", **more)  # type: ignore[arg-type]


def open_book(folder: Path, **more: object) -> Book:
    return Book(settings_in(folder), clock=lambda: 1_700_000_000.0, **more)  # type: ignore[arg-type]
