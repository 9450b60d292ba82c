"""Logs of any source to batches of the call log (``records.CALL_LOG`` without the answers)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice

import pyarrow as pa

from stillwatch.errors import SourceError
from stillwatch.ingest.batches import SCHEMA, TEXT_COLUMNS, Place, batch_of_rows, show_row
from stillwatch.ingest.documents import Parsed, read_documents
from stillwatch.ingest.files import InputFile, Inputs, Packing, find_inputs
from stillwatch.ingest.parquet import read_parquet
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.segment_log import read_segment_log
from stillwatch.ingest.source import Source, find_source, guess_source

__all__ = ["SCHEMA", "InputFile", "Inputs", "find_inputs", "read_calls"]

BATCH_BYTES = 64 << 20
"""JSON text held for one batch: a log of 10 MB prompts must not need gigabytes."""

JSON_ROWS = 8_192
"""Most rows of a batch of JSON: more objects outgrow the young generations of Python's garbage collector
and reading slows down (by a third at 65,536 in one noisy measurement)."""

GUESS_DOCUMENTS = 100
"""How many documents are looked at to tell a file's source: spans of other kinds may come first."""

BUGS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a source with a bug raises on a document nobody thought of: that row is rejected, the scan goes on."""

OnProgress = Callable[[int, int], None]


def read_calls(
    inputs: Inputs,
    *,
    rejects: Rejects,
    batch_rows: int = 65_536,
    text: bool = True,
    on_progress: OnProgress | None = None,
    now: datetime | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield every call of the files, in batches of SCHEMA with at least one row and at most ``batch_rows``.

    Answers (``response``) are never read. With ``text`` false, prompts are not read either, and are null; of
    fingerprint segments they always are.
    ``on_progress`` is told the bytes read and the rows kept so far. Times later than ``now`` plus two days
    are counted as odd; None skips that. Raises SourceError for a file that cannot be read at all; rows that
    cannot be are left to ``rejects``.
    """
    done, rows = 0, 0
    for file in inputs.files:
        for batch, read in _read_file(file, inputs.source, rejects=rejects, batch_rows=batch_rows, text=text, now=now):
            rows += batch.num_rows
            if on_progress:
                on_progress(done + min(read, file.bytes), rows)
            if batch.num_rows:
                yield batch
        done += file.bytes
        if on_progress:
            on_progress(done, rows)


def _read_file(
    file: InputFile,
    source: str | None,
    *,
    rejects: Rejects,
    batch_rows: int,
    text: bool,
    now: datetime | None,
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the batches of a file, each with how many bytes of the file have been read."""
    if file.sealed:
        yield from read_segment_log(file, batch_rows=batch_rows)
        return
    if file.packing is Packing.PARQUET:
        if source not in {None, "canonical"}:
            raise SourceError(f"{file.path}: Parquet holds the canonical call log; leave out --source {source} for it")
        yield from read_parquet(file, rejects=rejects, batch_rows=batch_rows, text=text, now=now)
        return
    try:
        with pa.OSFile(str(file.path), "rb") as raw:
            stream = raw if file.packing is Packing.PLAIN else pa.CompressedInputStream(raw, file.packing.value)
            documents = read_documents(stream, path=file.path, rejects=rejects)
            rows = _convert(documents, file, source, rejects=rejects, text=text)
            for chunk in _chunks(rows, min(batch_rows, JSON_ROWS)):
                yield _build(chunk, file, rejects=rejects, now=now), raw.tell()
    except (OSError, pa.ArrowException) as problem:
        raise SourceError(
            f"{file.path}: cannot be read to its end: {problem}; it may be cut off: copy it again"
        ) from problem


def _convert(
    documents: Iterator[Parsed], file: InputFile, name: str | None, *, rejects: Rejects, text: bool
) -> Iterator[tuple[Parsed, dict[str, object]]]:
    """Yield rows, each with the document it is from; a document that the source refuses is rejected."""
    if name is None:
        head = list(islice(documents, GUESS_DOCUMENTS))
        documents = chain(head, documents)
        if not head:
            return
        source = _guess(head, file)
    else:
        source = find_source(name)
    for document in documents:
        try:
            for row in source.convert(document.value):
                if not text:
                    row = {k: v for k, v in row.items() if k not in TEXT_COLUMNS}  # noqa: PLW2901 - the row without its text
                yield document, row
        except SourceError as problem:
            kind, says = f"not a {source.name} record", str(problem)
        except BUGS as problem:
            kind, says = (
                f"{source.name} source failed",
                f"{type(problem).__name__}: {problem}; please report it",
            )
        else:
            continue
        rejects.reject(kind, says, path=file.path, line=document.line, row=show_row(document.value))


def _guess(head: list[Parsed], file: InputFile) -> Source:
    for document in head:
        if (source := guess_source(document.value)) is not None:
            return source
    keys = ", ".join(sorted(head[0].value)[:10])
    raise SourceError(f"{file.path}: no known log format (its first object has: {keys}); name the format with --source")


def _chunks(
    rows: Iterator[tuple[Parsed, dict[str, object]]], batch_rows: int
) -> Iterator[list[tuple[Parsed, dict[str, object]]]]:
    chunk: list[tuple[Parsed, dict[str, object]]] = []
    size = 0
    for parsed, row in rows:
        chunk.append((parsed, row))
        size += parsed.size
        if len(chunk) >= batch_rows or size >= BATCH_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _build(
    chunk: list[tuple[Parsed, dict[str, object]]], file: InputFile, *, rejects: Rejects, now: datetime | None
) -> pa.RecordBatch:
    place = Place(file.path, line=lambda row: chunk[row][0].line, show=lambda row: show_row(chunk[row][0].value))
    return batch_of_rows([row for _, row in chunk], place=place, rejects=rejects, now=now)
