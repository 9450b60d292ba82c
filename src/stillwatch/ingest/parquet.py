"""The fast path: a Parquet call log, column by column, without a Python object a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import SourceError
from stillwatch.ingest.batches import COLUMNS, TEXT_COLUMNS, Place, batch_of_arrays, show_row
from stillwatch.ingest.files import InputFile, open_parquet
from stillwatch.ingest.rejects import Rejects
from stillwatch.records import CALL_LOG

BATCH_BYTES = 128 << 20
"""Text held for one batch: a log of 10 MB prompts must not need gigabytes."""


def read_parquet(
    file: InputFile, *, rejects: Rejects, batch_rows: int, text: bool, now: datetime | None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the batches of a Parquet call log, each with about how many bytes of the file have been read.

    Raises SourceError if required columns are missing, if a column is there twice, or if the file is damaged.
    """
    with open_parquet(file.path) as parquet:
        names = _choose(parquet.schema_arrow, file, text=text)
        total = max(parquet.metadata.num_rows, 1)
        size = min(batch_rows, _rows_for(parquet.metadata, names))
        done = 0
        try:
            for batch in parquet.iter_batches(batch_size=size, columns=names):
                place = Place(file.path, line=partial(_number, done), show=partial(_show, batch))
                arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
                done += batch.num_rows
                made = batch_of_arrays(arrays, batch.num_rows, place=place, rejects=rejects, now=now)
                yield made, file.bytes * done // total
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(
                f"{file.path}: damaged after row {done}: {problem}; copy it again, or write it anew"
            ) from problem


def _choose(schema: pa.Schema, file: InputFile, *, text: bool) -> list[str]:
    """Return the columns to read: all that the call log knows, but never the answers."""
    wanted = [c.name for c in COLUMNS if text or c.name not in TEXT_COLUMNS]
    missing = [name for name in CALL_LOG.required if name not in schema.names]
    if missing:
        raise SourceError(
            f"{file.path}: not a call log: no column {', '.join(missing)}; "
            f"it has {', '.join(schema.names[:20]) or 'none'}; "
            "rename its columns as docs/ingest.md says"
        )
    twice = [name for name in wanted if schema.names.count(name) > 1]
    if twice:
        raise SourceError(f"{file.path}: column {', '.join(twice)} is there more than once; keep one of each")
    return [name for name in wanted if name in schema.names]


def _rows_for(metadata: pq.FileMetaData, names: list[str]) -> int:
    """Return how many rows make a batch of BATCH_BYTES, by the sizes in the file's footer."""
    largest = 1
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        columns = (group.column(i) for i in range(group.num_columns))
        size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema.partition(".")[0] in names)
        largest = max(largest, size // max(group.num_rows, 1))
    return max(1, BATCH_BYTES // largest)


def _number(before: int, row: int) -> int:
    return before + row + 1


def _show(batch: pa.RecordBatch, row: int) -> str:
    shown: dict[str, object] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        try:
            shown[name] = array[row].as_py()
        except (ValueError, OverflowError):
            shown[name] = "(unreadable)"
    return show_row(shown)
