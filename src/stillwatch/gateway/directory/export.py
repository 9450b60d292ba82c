"""Every account of the directory as the accounts table that ``scan`` reads, in a file that only its owner may read."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from stillwatch.errors import SettingsError
from stillwatch.gateway.directory.opened import Directory
from stillwatch.records import ACCOUNTS


def export_accounts(opened: Directory, out: Path) -> int:
    """Write every account to ``out`` (.parquet or .csv), whole or not at all; return how many. Raises SettingsError."""
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    count = 0
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file, _writer(file, out.suffix) as writer:
            for batch in opened.accounts.read_batches():
                writer.write_batch(batch)
                count += batch.num_rows
        draft.replace(out)
    except OSError as problem:
        raise SettingsError(f"{out}: cannot be written: {problem.strerror}; choose another place") from problem
    finally:
        draft.unlink(missing_ok=True)
    return count


def _writer(file: object, suffix: str) -> pq.ParquetWriter | pacsv.CSVWriter:
    if suffix == ".csv":
        return pacsv.CSVWriter(file, ACCOUNTS.schema)
    return pq.ParquetWriter(pa.PythonFile(file, mode="w"), ACCOUNTS.schema, compression="zstd")
