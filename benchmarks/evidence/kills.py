"""Kill an appending process again and again at random moments, and see whether anything it acknowledged is lost.

python -m benchmarks.evidence.kills --times 1000 --longest 0.6 --folder bench-data/kills

``--times`` counts the processes that had acknowledged something when they were killed; on a busy machine many are
killed before, and count apart.

After each kill the log is opened as any start does, which repairs and rehashes it. Every checkpoint that was ever told
must be a beginning of it (no fork), every acknowledged call in it once, and the vault open what was not erased.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import orjson

from benchmarks.evidence.append import batches
from benchmarks.evidence.killed import Told, append_until_killed, open_book
from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.checking import check_openings
from stillwatch.evidence.event_cache import CALL
from stillwatch.evidence.tree import verify_consistency

AT_ONCE = 0.15
"""Share of the processes that may be killed while they open the book; the others have opened it."""
LONGEST_SECONDS = 0.25
"""From then on to the kill, unless said otherwise: a dozen batches."""
FRESH_AFTER = 20
"""Kills after which a new log is begun, so that a check stays quick."""


@dataclass
class Found:
    """What the kills did; all but the first three must be 0."""

    kills: int = 0
    appending: int = 0
    """Processes that had acknowledged a batch before they were killed."""
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    forks: int = 0
    closed: int = 0
    """Calls that the vault does not open although they were not erased."""

    @property
    def harm(self) -> int:
        """Everything that must not happen, counted together."""
        return self.lost + self.twice + self.forks + self.closed


@dataclass
class Life:
    """One log: how many calls were acknowledged, and every checkpoint that was told."""

    folder: Path
    calls: int = 0
    seen: dict[int, bytes] = field(default_factory=dict)


def main() -> None:
    """Kill, check, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, required=True, help="made, and removed afterwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=LONGEST_SECONDS, help="seconds from the opening to the kill")
    asked = parser.parse_args()
    began, found = time.monotonic(), Found()
    try:
        kill_often(asked.folder, asked.times, asked.longest, random.Random(asked.seed), found)
    finally:  # also when it is interrupted: what was found until then counts
        print(json.dumps(asdict(found) | {"seconds": round(time.monotonic() - began)}))
    sys.exit(bool(found.harm))


def kill_often(folder: Path, times: int, longest: float, draw: random.Random, found: Found) -> None:
    """Kill processes until so many had acknowledged something, over as many logs as that takes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.evidence.killed"])
    while found.appending < times:
        if found.kills % FRESH_AFTER == 0:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            life = Life(folder)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=append_until_killed, args=(folder, life.calls, theirs))
        process.start()
        theirs.close()
        if draw.random() > AT_ONCE:
            ours.poll(None)
        time.sleep(draw.uniform(0, longest))
        process.kill()
        process.join()
        before = life.calls
        _take(life, list(_received(ours)), found)
        check(life, before, found)
    shutil.rmtree(folder)


def _received(pipe: Connection) -> Iterator[Told]:
    """Yield what was told before the kill; a message that was cut off acknowledges nothing."""
    with pipe:
        try:
            while True:
                yield pipe.recv()
        except (EOFError, OSError):
            return


def _take(life: Life, told: list[Told], found: Found) -> None:
    found.kills += 1
    if told:
        found.appending += told[-1][0] > life.calls
        found.acknowledged += told[-1][0] - life.calls
        life.calls = told[-1][0]
    life.seen |= {size: root for _, size, root in told}


def check(life: Life, before: int, found: Found) -> None:
    """Open the log and count what is wrong with it. Calls up to ``before`` were looked for after an earlier kill."""
    with open_book(life.folder) as book:
        reader = book.log.reader()
        head = reader.checkpoint
        found.forks += sum(not _continues(book, size, root) for size, root in life.seen.items())
        life.seen[head.size] = head.root
        keys = [tuple(k) for k in book.vault.call_keys().tolist()]
        found.twice += len(keys) - len(set(keys))
        entries = list(reader.entries())
        erased = {i for e in entries if b'"kind":"erasure"' in e for i in orjson.loads(e)["indices"]}
        calls = {i for i, e in enumerate(entries) if CALL in e}
        found.closed += len(calls - erased) - check_openings(reader, book.vault)
        found.lost += book.append_calls(batches(before, life.calls - before)).new


def _continues(book: Book, size: int, root: bytes) -> bool:
    head = book.log.checkpoint
    try:
        proof = book.log.reader().prove_since(size)
        verify_consistency(old=size, new=head.size, proof=proof, old_root=root, new_root=head.root)
    except EvidenceError:
        return False
    return True


if __name__ == "__main__":
    main()
