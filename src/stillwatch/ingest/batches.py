"""Columns of any types to batches of the call log; rows that say too little are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.ingest.columns import MISREAD, Cleaned, clean_array, clean_values
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.values import to_json
from stillwatch.records import CALL_LOG, Column

UNREAD = "response"
"""Answers are never read: no fingerprint is made of them, and text that is not read cannot leak."""

COLUMNS = tuple(c for c in CALL_LOG.columns if c.name != UNREAD)
SCHEMA = pa.schema([f for f in CALL_LOG.schema if f.name != UNREAD])
"""What every batch looks like: the call log without the answers."""

TEXT_COLUMNS = frozenset({"messages", "prompt", "system"})

FIRST_LOGS = datetime(2015, 1, 1, tzinfo=UTC)
"""No API served a language model before it: an earlier time is a clock that was never set."""

SKEW = timedelta(days=2)
"""A time further in the future than any time zone mistake (26 hours) is a wrong clock."""

ODD_CLOCK = "odd clock"


@dataclass(frozen=True)
class Place:
    """Where a batch is from: the file, the line of each row, and how to show a row."""

    path: Path
    line: Callable[[int], int]
    show: Callable[[int], str]


def batch_of_arrays(
    arrays: Mapping[str, pa.Array], rows: int, *, place: Place, rejects: Rejects, now: datetime | None
) -> pa.RecordBatch:
    """Make a batch of SCHEMA from Arrow arrays by column name; a column that is not there is null."""
    cleaned = {c.name: clean_array(arrays[c.name], c) for c in COLUMNS if c.name in arrays}
    return _batch(cleaned, rows, place=place, rejects=rejects, now=now)


def batch_of_rows(
    rows: list[dict[str, Any]], *, place: Place, rejects: Rejects, now: datetime | None
) -> pa.RecordBatch:
    """Make a batch of SCHEMA from dicts by column name; keys that are no column are ignored."""
    cleaned = {}
    present = set().union(*rows)
    for column in (c for c in COLUMNS if c.name in present):
        values = [row.get(column.name) for row in rows]
        if column.name in TEXT_COLUMNS:
            values = [to_json(v)[0] if isinstance(v, list | dict) else v for v in values]
        cleaned[column.name] = clean_values(values, column)
    return _batch(cleaned, len(rows), place=place, rejects=rejects, now=now)


def show_row(row: object) -> str:
    """Return a row as JSON text for the rejects file."""
    return to_json(row)[0] if isinstance(row, dict | list) else repr(row)


def _batch(
    cleaned: Mapping[str, Cleaned], rows: int, *, place: Place, rejects: Rejects, now: datetime | None
) -> pa.RecordBatch:
    arrays = [cleaned[c.name].array if c.name in cleaned else pa.nulls(rows, c.type) for c in COLUMNS]
    problems = _find_problems(cleaned, arrays)
    for row in sorted(problems):
        kind, problem = problems[row]
        rejects.reject(kind, problem, path=place.path, line=place.line(row), row=place.show(row))
    _warn(cleaned, place=place, rejects=rejects, now=now)
    if not problems:
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    kept = pa.array([row for row in range(rows) if row not in problems], pa.int64())
    return pa.RecordBatch.from_arrays([a.take(kept) for a in arrays], schema=SCHEMA)


def _find_problems(cleaned: Mapping[str, Cleaned], arrays: list[pa.Array]) -> dict[int, tuple[str, str]]:
    """Return for each row to leave out the kind of its first problem, and the problem."""
    problems: dict[int, tuple[str, str]] = {}
    for name, column in cleaned.items():
        for row, problem in column.bad.items():
            problems.setdefault(row, (f"wrong {name}", problem))
    for wanted, array in zip(COLUMNS, arrays, strict=True):
        missing = f"no {wanted.name}", f"{wanted.name} is empty, but every call needs one"
        for row in _empty(array, wanted) if wanted.required else ():
            problems.setdefault(row, missing)
    return problems


def _empty(array: pa.Array, column: Column) -> list[int]:
    if not pa.types.is_large_string(column.type):
        return _rows(array.is_null()) if array.null_count else []
    lengths = pc.binary_length(array)
    if array.null_count == 0 and pc.min(lengths).as_py() != 0:
        return []
    return _rows(pc.fill_null(pc.equal(lengths, 0), fill_value=True))


def _rows(mask: pa.Array) -> list[int]:
    rows: list[int] = pc.indices_nonzero(mask).to_pylist()
    return rows


def _warn(cleaned: Mapping[str, Cleaned], *, place: Place, rejects: Rejects, now: datetime | None) -> None:
    for name, column in cleaned.items():
        for kind, odd in sorted(column.odd.items()):
            problem = f"{name} {odd.problem}; taken as unknown" if odd.problem else f"in {name}"
            rejects.warn(
                kind, problem, path=place.path, line=place.line(odd.first), count=odd.count, strictly=kind == MISREAD
            )
    if "started_at" in cleaned:
        column = cleaned["started_at"]
        rows = [row for row in _odd_times(column.array, now) if row not in column.bad]
        if rows:
            problem = f"started_at is before {FIRST_LOGS.year} or more than {SKEW.days} days in the future; kept"
            rejects.warn(ODD_CLOCK, problem, path=place.path, line=place.line(rows[0]), count=len(rows))


def _odd_times(times: pa.Array, now: datetime | None) -> list[int]:
    micros = times.cast(pa.int64())
    low = int(FIRST_LOGS.timestamp()) * 1_000_000
    high = int((now + SKEW).timestamp()) * 1_000_000 if now else 2**62
    ends = pc.min_max(micros)
    if ends["min"].as_py() is None or (ends["min"].as_py() >= low and ends["max"].as_py() <= high):
        return []
    return _rows(pc.or_(pc.less(micros, low), pc.greater(micros, high)))
