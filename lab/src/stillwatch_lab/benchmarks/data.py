"""Rows of a benchmark from the user's file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from stillwatch_lab.benchmarks.shapes import Shape
from stillwatch_lab.errors import LabSettingsError


def read_rows(path: Path, shape: Shape) -> list[dict[str, Any]]:
    """Read JSON lines, a JSON array or CSV, by the file's ending. Raises LabSettingsError where columns are missing."""
    try:
        rows = _read(path)
    except (OSError, ValueError) as problem:
        raise LabSettingsError(f"{path}: cannot be read as {path.suffix or 'a table'}: {problem}") from None
    for number, row in enumerate(rows, 1):
        missing = [column for column in shape.columns if column not in row]
        if missing:
            raise LabSettingsError(f"{path}: row {number} has no {', '.join(missing)}")
    if not rows:
        raise LabSettingsError(f"{path}: no rows")
    return rows


def _read(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines(keepends=True)))
    if path.suffix == ".json":
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]
