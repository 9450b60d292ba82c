"""What a report folder holds, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ReportError
from stillwatch.records import MEMBERS, SIGHTINGS

Json = dict[str, Any]


@dataclass(frozen=True)
class Folder:
    """The parts of a scan's folder.

    ``sightings`` may be missing, then the graph shows totals only; ``operators`` too, in reports of before that list.
    """

    campaigns: list[Json]
    tenants: list[Json]
    operators: list[Json]
    scan: Json
    members: pa.Table
    sightings: pa.Table | None


def read_folder(folder: Path) -> Folder:
    """Read a scan's tables. Raises ReportError for one that is missing or not what it should be."""
    sightings, operators = folder / "sightings.parquet", folder / "operators.json"
    return Folder(
        _read_json(folder / "campaigns.json", list),
        _read_json(folder / "tenants.json", list),
        _read_json(operators, list) if operators.is_file() else [],
        _read_json(folder / "scan.json", dict),
        _read_table(folder / "members.parquet", MEMBERS.schema.names),
        _read_table(sightings, SIGHTINGS.schema.names) if sightings.is_file() else None,
    )


def _read_json(path: Path, kind: type) -> Any:
    try:
        data = json.loads(path.read_bytes())
    except OSError as problem:
        raise ReportError(f"{path}: cannot be read: {problem.strerror}; scan again") from problem
    except ValueError as problem:
        raise ReportError(f"{path}: not JSON: {problem}; scan again") from problem
    if not isinstance(data, kind):
        raise ReportError(f"{path}: holds a {type(data).__name__} where a {kind.__name__} belongs; scan again")
    return data


def _read_table(path: Path, columns: list[str]) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as problem:
        raise ReportError(f"{path}: not a Parquet table that can be read: {problem}; scan again") from problem
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise ReportError(f"{path}: lacks the columns {', '.join(missing)}; scan again")
    return table
