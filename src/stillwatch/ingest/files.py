"""Which files a scan reads: files, folders and globs to one ordered list."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import SourceError
from stillwatch.ingest.source import find_source

SUFFIXES = frozenset({".parquet", ".pq", ".json", ".jsonl", ".ndjson", ".log"})
PACKED = frozenset({".gz", ".zst"})
"""What a file in a folder must end with, packed or not, to be read; a file that is named itself may end with
anything."""

MAGIC = {b"PAR1": "parquet", b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes of a file: Apache Parquet file format, RFC 1952, RFC 8878."""

SEGMENT_MARK = b"stillwatch.fingerprints"
"""Key of a Parquet footer's metadata by which a fingerprint segment (``ingest/sealed.py``) is known."""

NAMED = 5
"""How many skipped files a message names: enough to recognise the folder."""


class Packing(StrEnum):
    """How the bytes of a file are packed."""

    PARQUET = "parquet"
    GZIP = "gzip"
    ZSTD = "zstd"
    PLAIN = "plain"


@dataclass(frozen=True)
class InputFile:
    """One file: where it is, how large, how packed; its rows if it is Parquet; whether it holds fingerprints."""

    path: Path
    bytes: int
    packing: Packing
    rows: int | None = None
    sealed: bool = False


@dataclass(frozen=True)
class Inputs:
    """The files of a scan in the order in which they are read; ``rows`` is None unless all are Parquet.

    ``source`` is the name of the format, None to guess it file by file; ``skipped`` are files of folders that
    are no logs.
    """

    files: tuple[InputFile, ...]
    bytes: int
    rows: int | None
    source: str | None = None
    skipped: tuple[Path, ...] = ()

    @property
    def segments(self) -> tuple[InputFile, ...]:
        """Return the files that hold fingerprints instead of calls."""
        return tuple(f for f in self.files if f.sealed)

    def without_segments(self) -> Inputs:
        """Return the same without the files that hold fingerprints; ``bytes`` and ``rows`` stay those of all."""
        return replace(self, files=tuple(f for f in self.files if not f.sealed))


def find_inputs(logs: Sequence[str | Path], *, source: str | None = None) -> Inputs:
    """Find the files behind paths, folders (recursively) and globs: each once, sorted by path.

    Raises SourceError for what is missing, empty, unreadable or damaged, and for an unknown source.
    """
    if source is not None:
        find_source(source)
    if not logs:
        raise SourceError("no log given: name a file, a folder or a glob")
    found: dict[Path, Path] = {}
    skipped: list[Path] = []
    for log in logs:
        paths, others = _expand(log)
        found.update({path.resolve(): path for path in paths})
        skipped += others
    files = tuple(_inspect(found[path]) for path in sorted(found))
    counts = [f.rows for f in files if f.rows is not None]
    rows = sum(counts) if len(counts) == len(files) else None
    return Inputs(files, sum(f.bytes for f in files), rows, source, tuple(sorted(skipped)))


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. Raises SourceError if its footer cannot be read."""
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise SourceError(
            f"{path}: not a readable Parquet file ({_first_line(problem)}); "
            "it may be cut off or still being written: copy it again"
        ) from problem


def _expand(log: str | Path) -> tuple[list[Path], list[Path]]:
    path = Path(log)
    try:
        if path.is_dir():
            return _list_folder(path)
        if path.exists():
            return [path], []
    except (OSError, ValueError) as problem:
        raise SourceError(f"{path}: cannot be read: {_first_line(problem)}") from problem
    if not glob.has_magic(str(log)):
        raise SourceError(f"{path}: no such file or folder")
    matches = sorted(Path(p) for p in glob.glob(str(log), recursive=True))  # noqa: PTH207 - may be absolute
    if not matches:
        raise SourceError(f"{path}: no file matches")
    files = [m for m in matches if m.is_file()]
    parts = [_list_folder(m) for m in matches if m.is_dir() and "**" not in str(log)]
    return files + [f for p in parts for f in p[0]], [f for p in parts for f in p[1]]


def _list_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the logs of a folder and its other files, but no file that starts with ``.`` or ``_``."""

    def refuse(problem: OSError) -> None:
        raise SourceError(
            f"{problem.filename}: cannot be listed: {problem.strerror}; ask for read permission"
        ) from problem

    logs: list[Path] = []
    others: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        for name in sorted(n for n in names if not n.startswith((".", "_"))):
            (logs if _is_log(Path(name)) else others).append(Path(root, name))
    if not logs:
        seen = f"; it holds {', '.join(p.name for p in others[:NAMED])}" if others else ""
        raise SourceError(
            f"{folder}: no log in this folder (looked for {', '.join(sorted(SUFFIXES))}, also with .gz or .zst){seen}"
        )
    return logs, others


def _is_log(name: Path) -> bool:
    suffix = name.with_suffix("").suffix if name.suffix.lower() in PACKED else name.suffix
    return suffix.lower() in SUFFIXES


def _inspect(path: Path) -> InputFile:
    if not path.is_file():
        raise SourceError(f"{path}: not a regular file; write the stream to a file first")
    try:
        with path.open("rb") as file:
            head = file.read(4)
        size = path.stat().st_size
    except OSError as problem:
        raise SourceError(f"{path}: cannot be read: {problem.strerror}; ask for read permission") from problem
    packing = next((Packing(kind) for magic, kind in MAGIC.items() if head.startswith(magic)), Packing.PLAIN)
    if path.suffix.lower() in {".parquet", ".pq"} and packing is not Packing.PARQUET:
        raise SourceError(f"{path}: named like Parquet, but does not begin like it; it may be cut off: copy it again")
    if packing is not Packing.PARQUET:
        return InputFile(path, size, packing)
    with open_parquet(path) as parquet:
        sealed = SEGMENT_MARK in (parquet.metadata.metadata or {})
        return InputFile(path, size, packing, parquet.metadata.num_rows, sealed)


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
