"""The optional accounts table, from Parquet, CSV or JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import SourceError
from stillwatch.ingest.columns import MISREAD, Cleaned, clean_array, clean_values
from stillwatch.ingest.documents import parse
from stillwatch.ingest.files import InputFile, Packing, find_inputs, open_parquet
from stillwatch.ingest.rejects import Rejects
from stillwatch.records import ACCOUNTS

DUPLICATE = "account listed twice"
MAX_FIELD_CHARACTERS = 1 << 20
"""Longest CSV field: names and fingerprints; a longer one is a quote that was never closed."""


def read_accounts(path: str | Path, *, rejects: Rejects | None = None) -> pa.Table:
    """Return the accounts of a file as ACCOUNTS.schema, one row an account, sorted by account.

    Optional columns that are not there are null; columns that are not known are ignored. Of several rows for
    one account the one with the latest ``created_at`` is kept, then the one with the greater text, whatever
    their order. ``rejects`` counts that, and rows without an account or with a wrong value,
    which are left out; without ``rejects`` these raise SourceError, as does a file that cannot be read.
    """
    file = find_inputs([path]).files[0]
    kept = rejects or Rejects(None, strict=True)
    columns, rows = _read(file)
    if "account" not in columns and rows:
        raise SourceError(f"{file.path}: no column account; it has {', '.join(map(str, columns)) or 'none'}")
    table = _clean(columns, rows, file=file, rejects=kept)
    return _one_each(table, file=file, rejects=kept)


def _read(file: InputFile) -> tuple[dict[str, Any], int]:
    """Return the columns of a file by name, as Arrow arrays or lists, and how many rows they have."""
    try:
        if file.packing is Packing.PARQUET:
            with open_parquet(file.path) as parquet:
                known = [c.name for c in ACCOUNTS.columns if c.name in parquet.schema_arrow.names]
                if "account" not in known:
                    return dict.fromkeys(parquet.schema_arrow.names), 1
                table = parquet.read(columns=known)
            return {n: table[n].combine_chunks() for n in known}, table.num_rows
        rows = list(_read_rows(file))
    except (pa.ArrowException, OSError, csv.Error) as problem:
        raise SourceError(f"{file.path}: cannot be read: {problem}; it may be cut off: copy it again") from problem
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}, len(rows)


def _read_rows(file: InputFile) -> Iterator[dict[str, Any]]:
    compression = None if file.packing is Packing.PLAIN else file.packing.value
    with pa.input_stream(str(file.path), compression=compression) as stream:
        raw = stream.read()
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        yield from _read_json(raw, file.path)
        return
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    lines = io.StringIO(raw.decode("utf-8-sig", "replace"), newline="")
    for row in csv.DictReader(lines):
        yield {str(k): v or None for k, v in row.items() if k is not None}


def _read_json(raw: bytes, path: Path) -> Iterator[dict[str, Any]]:
    """Read one JSON array or object, else JSON lines."""
    try:
        whole, _ = parse(raw)
        values = list(enumerate(whole if isinstance(whole, list) else [whole], start=1))
    except ValueError:
        lines = enumerate(raw.splitlines(), start=1)
        values = [(number, _parse_line(line, path, number)) for number, line in lines if line.strip()]
    for number, value in values:
        if not isinstance(value, dict):
            raise SourceError(f"{path}:{number}: not a JSON object")
        yield value


def _parse_line(line: bytes, path: Path, number: int) -> object:
    try:
        return parse(line)[0]
    except ValueError as problem:
        raise SourceError(f"{path}:{number}: {problem}") from problem


def _clean(columns: dict[str, Any], rows: int, *, file: InputFile, rejects: Rejects) -> pa.Table:
    cleaned: dict[str, Cleaned] = {}
    for column in ACCOUNTS.columns:
        values = columns.get(column.name)
        if values is None:
            cleaned[column.name] = Cleaned(pa.nulls(rows, column.type))
        else:
            clean = clean_values if isinstance(values, list) else clean_array
            cleaned[column.name] = clean(values, column)
    for name, made in cleaned.items():
        if odd := made.odd.get(MISREAD):
            problem = f"{name} {odd.problem}; taken as unknown"
            rejects.warn(MISREAD, problem, path=file.path, line=odd.first + 1, count=odd.count, strictly=True)
    bad = {row: problem for made in cleaned.values() for row, problem in made.bad.items()}
    lengths = pc.fill_null(pc.binary_length(cleaned["account"].array), 0)
    for row in pc.indices_nonzero(pc.equal(lengths, 0)).to_pylist():
        bad.setdefault(row, "account is empty")
    for row in sorted(bad):
        rejects.reject("wrong account row", bad[row], path=file.path, line=row + 1)
    kept = pa.array([row for row in range(rows) if row not in bad], pa.int64())
    return pa.table([made.array.take(kept) for made in cleaned.values()], schema=ACCOUNTS.schema)


def _one_each(table: pa.Table, *, file: InputFile, rejects: Rejects) -> pa.Table:
    """Keep one row an account: the latest sign-up, then the greatest text, whatever the row order."""
    order = [("account", "ascending"), ("created_at", "descending")]
    others = [(c.name, "descending") for c in ACCOUNTS.columns if c.name not in {"account", "created_at"}]
    indices = pc.sort_indices(table, sort_keys=order + others)
    ordered = table.take(indices)
    names = ordered["account"].combine_chunks()
    if len(names) < 2:
        return ordered
    first = pa.concat_arrays([pa.array([True]), pc.not_equal(names[1:], names[:-1])])
    twice = len(names) - pc.sum(first).as_py()
    if twice:
        name = names[pc.index(first, value=False).as_py()].as_py()
        problem = f"{name!r} has more than one row; the latest created_at was kept"
        rejects.warn(DUPLICATE, problem, path=file.path, line=1, count=twice)
    return ordered.filter(first)
