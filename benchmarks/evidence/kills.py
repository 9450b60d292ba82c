"""Kill an appending process again and again at random moments, and see whether anything it acknowledged is lost.

python -m benchmarks.evidence.kills --times 1000 --folder bench-data/kills

Two kinds of kills: of a process that has acknowledged a batch, at a random moment after that; and, for one in eight, at
a random moment after its start, which hits most of them while they open the log and repair what the last kill left.
Moments are drawn in the process's own processor time, so that a busy machine kills at the same places as an idle one.
``--times`` counts processes that had acknowledged something; the others count apart. Each appends, and now and then
erases a record or rotates the keys; the step that it had begun last is counted.

After each kill the log is opened as any start does, which repairs and rehashes it. Every checkpoint that was told since
the last kill must be a beginning of it (no fork: a beginning of a beginning is one), every acknowledged call be in it
once, and the vault open what was not erased.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import orjson

from benchmarks.evidence.killed import STARTING, StepFile, Told, append_until_killed, calls, open_book
from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.checking import check_openings
from stillwatch.evidence.event_cache import CALL
from stillwatch.evidence.tree import verify_consistency

EARLY = 0.125
"""Share of the kills that wait for no acknowledgement."""
LONGEST_SECONDS = 0.1
"""Of processor time, from the start or from the first acknowledged batch to the kill, unless said otherwise."""
IN_WAITING_SECONDS = 0.005
"""On the clock, after that, so that waits for the disk are hit too."""
CPU_CLOCK = 2
"""CPUCLOCK_SCHED: with a process's number, ``~pid << 3``, the clock of its processor time (Linux, posix-timers.h)."""
FRESH_AFTER = 20
"""Kills after which a new log is begun, so that a check stays quick."""


@dataclass
class Found:
    """What the kills did; what ``harm`` counts must be 0."""

    kills: int = 0
    appending: int = 0
    """Processes that had acknowledged a batch before they were killed."""
    acknowledged: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    """Kills by the numbered step of ``Book`` and ``Log`` that the process had begun last."""
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
    """One log: how many calls were acknowledged, and the checkpoints that it must continue."""

    folder: Path
    calls: int = 0
    seen: dict[int, bytes] = field(default_factory=dict)


def main() -> None:
    """Kill, check, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, required=True, help="made, and removed afterwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=LONGEST_SECONDS, help="seconds that a kill waits at most")
    asked = parser.parse_args()
    began, found = time.monotonic(), Found()
    try:
        kill_often(asked.folder, asked.times, asked.longest, random.Random(asked.seed), found)
    finally:  # also when it is interrupted: what was found until then counts
        took = {"seconds": round(time.monotonic() - began), "cpu_seconds": round(cpu_seconds())}
        print(json.dumps(asdict(found) | took))
    sys.exit(bool(found.harm))


def cpu_seconds() -> float:
    """Return what this process and those it has waited for have used; the server of the forks is not among them."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def kill_often(folder: Path, times: int, longest: float, draw: random.Random, found: Found) -> None:
    """Kill processes until so many had acknowledged something, over as many logs as that takes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.evidence.killed"])
    while found.appending < times:
        if found.kills % FRESH_AFTER == 0:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            life = Life(folder)
        before, steps = life.calls, StepFile(folder)
        steps.begin(STARTING)
        busy, waiting = draw.uniform(0, longest), draw.uniform(0, IN_WAITING_SECONDS)
        told = kill_one(context, life, busy, waiting, early=draw.random() < EARLY)
        step = steps.close()
        found.steps[step] = found.steps.get(step, 0) + 1
        _take(life, told, found)
        check(life, before, found)
    shutil.rmtree(folder)


def kill_one(context: ForkServerContext, life: Life, busy: float, waiting: float, *, early: bool) -> list[Told]:
    """Start an appending process, kill it, and return what it had told by then.

    It lives for ``busy`` seconds of its processor time, then ``waiting`` seconds on the clock.
    """
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=append_until_killed, args=(life.folder, life.calls, theirs))
    process.start()
    theirs.close()
    told: list[Told] = []
    if not early:
        told = [ours.recv(), ours.recv()]  # that it has opened the log, and its first batch
    assert process.pid is not None  # it was started
    clock = ~process.pid << 3 | CPU_CLOCK
    until = time.clock_gettime(clock) + busy
    while time.clock_gettime(clock) < until:
        time.sleep(0.0005)
    time.sleep(waiting)
    process.kill()
    process.join()
    return told + list(_received(ours))


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
        life.seen = {head.size: head.root}
        keys = [tuple(k) for k in book.vault.call_keys().tolist()]
        found.twice += len(keys) - len(set(keys))
        entries = list(reader.entries())
        erased = {i for e in entries if b'"kind":"erasure"' in e for i in orjson.loads(e)["indices"]}
        logged = {i for i, e in enumerate(entries) if CALL in e}
        found.closed += len(logged - erased) - check_openings(reader, book.vault)
        found.lost += book.append_calls(calls(before, life.calls - before)).new


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
