"""One appending process, to be killed: it tells a pipe what is in the log."""

from __future__ import annotations

import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.evidence.append import batches
from stillwatch.evidence.book import Book
from stillwatch.evidence.call_batches import encode_calls
from stillwatch.evidence.commitments import SEED_BYTES
from stillwatch.settings import EvidenceSettings

LARGEST = 400
"""Calls of a batch at most: some fill several tiles, most leave partial ones."""
CALLS = 4_000
"""More than a process appends before it is killed."""
RARELY = 0.05
"""Chance after each batch that the keys are rotated, and that a record is erased."""
Told = tuple[int, int, bytes]
"""Calls acknowledged (from number 0 on), the log's size and its root."""
# Loaded once, by the server that forks the processes: else most are killed while they load compiled loops.
encode_calls(next(batches(0, LARGEST)), bytes(SEED_BYTES * LARGEST))


def open_book(folder: Path) -> Book:
    """Open the book of a folder, with the key beside it."""
    return Book(EvidenceSettings(folder=folder / "evidence", key_file=folder / "key"), clock=time.time)


def append_until_killed(folder: Path, first: int, pipe: Connection) -> None:
    """Append calls from number ``first`` on in small batches, and tell after each what is in the log now."""
    draw = random.Random(first)
    (calls,) = batches(first, CALLS)
    with open_book(folder) as book:
        tell(pipe, first, book)
        at = 0
        while at < CALLS:
            part = calls.slice(at, draw.randint(1, LARGEST))
            book.append_calls([part])
            at += part.num_rows
            tell(pipe, first + at, book)
            if draw.random() < RARELY:
                book.rotate()
            if draw.random() < RARELY:
                book.erase([draw.randrange(1, book.log.size)], reason="drawn")


def tell(pipe: Connection, calls: int, book: Book) -> None:
    """Acknowledge."""
    told: Told = calls, book.log.size, book.log.checkpoint.root
    pipe.send(told)
