"""A few calls by hand, in the columns of the canonical log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from benchmarks.traffic import Traffic

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def call(account: str, minutes: float, text: str = "Hello", **columns: Any) -> dict[str, Any]:
    at = START + timedelta(minutes=minutes)
    return {"account": account, "started_at": at, "model": "m", "prompt": text, **columns}


def traffic(calls: list[dict[str, Any]], accounts: list[dict[str, Any]] | None = None) -> Traffic:
    names = sorted({name for row in calls for name in row})
    rows = [{"call_id": f"c{i}", **{name: row.get(name) for name in names}} for i, row in enumerate(calls)]
    return Traffic(pa.Table.from_pylist(rows), pa.Table.from_pylist(accounts) if accounts else None)
