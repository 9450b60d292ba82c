"""Encode batches of calls in other processes, in order: half of an append's work, and all of it outside the log."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

import pyarrow as pa

from stillwatch.errors import EvidenceError
from stillwatch.evidence.call_batches import EncodedCalls, encode_calls
from stillwatch.evidence.commitments import SEED_BYTES

BATCHES_ALONE = 2
"""Fewer batches are encoded here: a process takes as long to start as one of 65,536 calls takes to encode."""

Tag = TypeVar("Tag")


def encode_in_order(
    batches: Iterable[tuple[Tag, pa.RecordBatch]], *, workers: int
) -> Iterator[tuple[Tag, EncodedCalls]]:
    """Yield each batch encoded, with its tag, by ``workers`` processes, this one among them.

    It has the log to write meanwhile, so the others encode. Raises EvidenceError if one of them dies.
    """
    waiting = iter(batches)
    head = list(islice(waiting, BATCHES_ALONE + 1))
    if workers < 2 or len(head) <= BATCHES_ALONE:
        for tag, batch in chain(head, waiting):
            yield tag, _encode(batch)
        return
    started = [_start() for _ in range(workers - 1)]
    try:
        yield from _share(chain(head, waiting), [pipe for pipe, _ in started])
    except (EOFError, OSError) as problem:
        raise EvidenceError("a process that encodes calls died (out of memory?); append again, it goes on") from problem
    finally:
        for pipe, process in started:
            pipe.close()
            process.join()


def _share(
    waiting: Iterator[tuple[Tag, pa.RecordBatch]], pipes: list[Connection]
) -> Iterator[tuple[Tag, EncodedCalls]]:
    """Hand out batches in turn. A process has one at a time: with two, both ends of a full pipe would wait."""
    busy: deque[tuple[Connection, Tag]] = deque()
    for pipe, (tag, batch) in zip(pipes, waiting, strict=False):
        pipe.send(batch)
        busy.append((pipe, tag))
    while busy:
        pipe, tag = busy.popleft()
        encoded: EncodedCalls = pipe.recv()
        for following, batch in islice(waiting, 1):
            pipe.send(batch)
            busy.append((pipe, following))
        yield tag, encoded


def _start() -> tuple[Connection, BaseProcess]:
    # Not forked: Arrow and DuckDB have threads, which a fork would leave behind with their locks held.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _work(pipe: Connection) -> None:
    """Encode what comes until the other end closes, also by being killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            pipe.send(_encode(pipe.recv()))
        except (EOFError, OSError):
            return


def _encode(batch: pa.RecordBatch) -> EncodedCalls:
    return encode_calls(batch, os.urandom(SEED_BYTES * batch.num_rows))
