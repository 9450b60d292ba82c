"""The embedded engine: DuckDB behind Narwhals, spilling to disk.

Nothing outside ``store/`` knows that it is DuckDB. Another engine needs these five methods.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import narwhals as nw
import pyarrow as pa


class Engine:
    """Where lazy frames are computed. Use it as a context manager: it owns a connection and temporary tables."""

    def __init__(self, folder: Path, *, threads: int = 2, memory_gib: float = 3.0) -> None:
        """Open an engine that spills into ``folder`` and keeps to the given memory (GiB, soft) and threads."""
        self._numbers = itertools.count()
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"SET threads = {int(threads)}")
        self._connection.execute(f"SET memory_limit = '{memory_gib:.2f}GiB'")
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET temp_directory = ?", [str(folder)])

    def read(self, path: Path) -> nw.LazyFrame[Any]:
        """Read a Parquet file, or a folder of its parts, lazily."""
        return nw.from_native(self._connection.read_parquet(str(path / "*.parquet" if path.is_dir() else path)))

    def lazy(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """Bring an Arrow table into the engine."""
        name = f"given_{next(self._numbers)}"
        self._connection.register("arrow_input", table)
        self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM arrow_input")  # noqa: S608  own name
        self._connection.unregister("arrow_input")
        return nw.from_native(self._connection.table(name))

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame once and return the result as a frame, so that several readers share the work."""
        name = f"kept_{next(self._numbers)}"
        nw.to_native(frame).create(name)
        return nw.from_native(self._connection.table(name))

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """Compute a frame into an Arrow table, in no particular row order."""
        table: pa.Table = frame.collect(backend="pyarrow").to_native()
        return table

    def close(self) -> None:
        """Forget every temporary table."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
