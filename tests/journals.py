"""Journals for tests: settings, rows, a seal that writes plain lines, and what came out."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.gateway.journal.join import Row
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.settings import Journal
from stillwatch.records import CALL_LOG

END = ("status", "finish_reason", "duration_ms", "input_tokens", "output_tokens", "cached_input_tokens")
END = (*END, "reasoning_tokens")
"""Columns of the call log that are known when a call ends."""


def settings(folder: Path, **others: Any) -> Journal:
    """Return settings of a journal in a test's folder."""
    return Journal(**{"folder": folder / "journal", "key_file": folder / "key", "fsync_seconds": 0.02, **others})


def asked(number: int = 0, **others: Any) -> dict[str, Any]:
    """Return what is known of a call when it is admitted."""
    row = {"account": f"a{number % 5}", "started_at": 1_780_000_000.0 + number, "model": "m"}
    return {**row, "prompt": f"Explain number {number} to me", **others}


KEY = bytes(range(32))
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def log(calls: int = 40) -> pa.Table:
    """Return calls of which most share a template, some with an address, an agent, no text."""
    rows = [
        {
            "call_id": f"c{n}",
            "account": f"a{n % 7}",
            "started_at": AT.replace(minute=n % 60),
            "model": "m",
            "prompt": None if n % 13 == 0 else f"Explain to a curious reader what the number {n} has to say and why",
            "client_address": None if n % 3 else f"10.0.{n}.1",
            "client_asn": 64_500 + n % 2 if n % 5 else None,
            "user_agent": f"agent/{n % 4}" if n % 2 else None,
            "n": 2,
        }
        for n in range(calls)
    ]
    return pa.Table.from_pylist(rows, CALL_LOG.schema)


@dataclass
class LineSeal:
    """A seal that writes calls as JSON lines, prompts and all."""

    def fingerprints(self, calls: list[Row], draft: Path, name: str) -> None:
        draft.write_text("".join(json.dumps(call) + "\n" for call in calls) + f'{{"segment": "{name}"}}\n')

    def text(self, calls: list[Row], draft: Path, name: str) -> None:
        self.fingerprints(calls, draft, name)


def sealed_rows(layout: Layout) -> list[Row]:
    """Return the calls of all sealed files that ``LineSeal`` wrote."""
    lines = [json.loads(line) for path in layout.sealed_files() for line in path.read_text().splitlines()]
    return [line for line in lines if "segment" not in line]


def sealed_ids(layout: Layout) -> Counter[str]:
    """Return how often each call id is in a sealed file."""
    return Counter(row["call_id"] for row in sealed_rows(layout))


class Killed(BaseException):
    """The process is no more: nothing that it would do afterwards happens."""


@dataclass
class Reaper:
    """Kills at the n-th change of the disk by this thread: from then on each raises, as if the process were gone.

    Nothing waits for the disk meanwhile: it is the order of changes that is tested.
    """

    patch: pytest.MonkeyPatch
    at: int
    changes: int = 0

    def __post_init__(self) -> None:
        thread = get_ident()
        self._mine = lambda: get_ident() == thread
        self.patch.setattr(os, "fsync", lambda _handle: None)
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (os, "open")):
            self.patch.setattr(owner, name, self._dying(getattr(owner, name)))

    def _dying(self, real: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            if self._mine():
                self.changes += 1
                if self.changes > self.at:
                    raise Killed
            return real(*args, **options)

        return call
