"""One appending process, to be killed: it tells a pipe what is in the log, and a file which step it has begun."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa

from benchmarks.evidence.append import batches
from stillwatch.evidence.book import Book
from stillwatch.evidence.call_batches import encode_calls
from stillwatch.evidence.commitments import SEED_BYTES
from stillwatch.settings import EvidenceSettings

LARGEST = 400
"""Calls of a batch at most: some fill several tiles, most leave partial ones."""
RARELY = 0.05
"""Chance after each batch that the keys are rotated, and that a record is erased."""
STARTING, OPENING, BETWEEN = "starting", "opening", "between"
"""Where a process is that does not yet open the log, has begun no numbered step yet, or has finished the last one."""
Told = tuple[int, int, bytes]
"""Calls acknowledged (from number 0 on), the log's size and its root."""
# Made and loaded once, by the server that forks the processes: else most are killed while they do that.
POOL = next(batches(0, LARGEST))
encode_calls(POOL, bytes(SEED_BYTES * LARGEST))


class StepFile:
    """Which numbered step a process has begun last; it outlives the process, for the kernel keeps what was written."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "step", os.O_CREAT | os.O_RDWR, 0o600)

    def begin(self, step: str) -> None:
        """Note that a step begins."""
        os.pwrite(self._file, f"{step:<16}".encode(), 0)

    def close(self) -> str:
        """Return the step that was begun last."""
        step = os.pread(self._file, 16, 0).decode().strip()
        os.close(self._file)
        return step


def open_book(folder: Path, steps: StepFile | None = None) -> Book:
    """Open the book of a folder, with the key beside it."""
    settings = EvidenceSettings(folder=folder / "evidence", key_file=folder / "key")
    return Book(settings, clock=time.time, step=steps.begin if steps else str)


def calls(first: int, count: int) -> Iterator[pa.RecordBatch]:
    """Make calls of these numbers: they differ by their ids, which is what makes them calls of their own."""
    for at in range(first, first + count, LARGEST):
        ids = [f"call_{number:016x}" for number in range(at, min(at + LARGEST, first + count))]
        part = POOL.slice(0, len(ids))
        column = part.schema.get_field_index("call_id")
        yield part.set_column(column, part.schema.field(column), pa.array(ids, part.schema.field(column).type))


def append_until_killed(folder: Path, first: int, pipe: Connection) -> None:
    """Append calls from number ``first`` on in small batches, and tell after each what is in the log now."""
    draw, steps, done = random.Random(first), StepFile(folder), first
    steps.begin(OPENING)
    with open_book(folder, steps) as book:
        steps.begin(BETWEEN)
        tell(pipe, done, book)
        while True:
            count = draw.randint(1, LARGEST)
            book.append_calls(calls(done, count))
            done += count
            steps.begin(BETWEEN)
            tell(pipe, done, book)
            if draw.random() < RARELY:
                book.rotate()
            if draw.random() < RARELY:
                book.erase([draw.randrange(1, book.log.size)], reason="drawn")
            steps.begin(BETWEEN)


def tell(pipe: Connection, calls: int, book: Book) -> None:
    """Acknowledge."""
    told: Told = calls, book.log.size, book.log.checkpoint.root
    pipe.send(told)
