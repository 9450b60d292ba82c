"""Kill the journal's writers and sealers again and again (SIGKILL), and count what was lost and what is there twice.

    python -m benchmarks.gateway.journal_faults --times 1000

Each time, a process writes calls, a few thousand a second, a second one seals, and both are killed at random moments.
A call counts as admitted when ``admit`` has returned: the writer then raises a number in memory that outlives it.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import JournalError
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.records import CALL_LOG
from stillwatch.store.key import read_or_create_key
from stillwatch.watch.sealing import seal

OPEN_CALLS = 20
"""So many calls are open at a time, as streams are: each ends that many calls after it began; every seventh never."""
BURST, PAUSE_SECONDS = 10, 0.002
"""After so many calls a writer rests for so long: without, sealers get no share of two cores."""
SEGMENT_BYTES = 10_000
"""Small, so that segments are closed and sealed many times before the kill."""
LONGEST_SECONDS = 0.4
"""Until the kill: the first ones hit the start, the last ones many sealings."""


@dataclass
class Losses:
    """What was found at the end."""

    kills: int = 0
    sealer_kills: int = 0
    admitted: int = 0
    finished: int = 0
    sealed: int = 0
    segments: int = 0
    """Sealed segments before the last sealing: how much the killed sealers got done."""
    lost: int = 0
    doubled: int = 0
    ends_lost: int = 0
    left_behind: int = 0
    """Write-ahead files that nobody sealed."""


class Acknowledged:
    """Two numbers that survive the process which raises them: calls admitted and calls finished."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def set(self, admitted: int, finished: int) -> None:
        """Raise them."""
        self._memory[:16] = admitted.to_bytes(8, "little") + finished.to_bytes(8, "little")

    def get(self) -> tuple[int, int]:
        """Return them."""
        return int.from_bytes(self._memory[:8], "little"), int.from_bytes(self._memory[8:], "little")


def kill_again_and_again(folder: Path, *, times: int, longest: float = LONGEST_SECONDS, seed: int = 1) -> Losses:
    """Kill ``times`` writers, each with a sealer beside it, within ``longest`` seconds; return what that cost."""
    draw = random.Random(seed)
    settings = Journal(
        folder=folder / "journal", key_file=folder / "key", fsync_seconds=0.02, segment_bytes=SEGMENT_BYTES
    )
    _warm(read_or_create_key(settings.key_file))
    found = Losses()
    admitted: list[int] = []
    finished: list[int] = []
    for number in range(times):
        told = Acknowledged()
        writer = _fork(lambda number=number, told=told: _write(settings, number, told))  # type: ignore[misc]
        sealer = _fork(lambda: _seal(settings))
        time.sleep(draw.uniform(0, longest))
        for process in draw.sample([writer, sealer], 2):
            os.kill(process, signal.SIGKILL)
            time.sleep(draw.uniform(0, 0.01))
        os.waitpid(writer, 0)
        os.waitpid(sealer, 0)
        found.kills += 1
        found.sealer_kills += 1
        calls, ends = told.get()
        admitted.append(calls)
        finished.append(ends)
    found.segments = len(Layout(settings.folder).sealed_files())
    seal(settings)
    _count(settings, admitted, finished, found)
    return found


def _warm(key: bytes) -> None:
    """Load the fingerprinter's compiled code, so that every sealer seals from its first moment."""
    call = {"call_id": "c", "account": "a", "started_at": 0, "model": "m", "prompt": "Say what 1 is."}
    Fingerprinter(key).fingerprint(pa.Table.from_pylist([call], CALL_LOG.schema))


def _fork(work: Callable[[], None]) -> int:
    process = os.fork()
    if process:
        return process
    try:
        work()
    finally:
        os._exit(1)


def _write(settings: Journal, number: int, told: Acknowledged) -> None:
    writer = JournalWriter(settings)
    finished = 0
    for call in range(sys.maxsize):
        writer.admit(
            f"{number}-{call}",
            {
                "account": f"a{call % 50}",
                "started_at": time.time(),
                "model": "m",
                "prompt": f"Say what {call} is. " * 20,
            },
        )
        told.set(call + 1, finished)
        ended = call - OPEN_CALLS
        if ended >= 0 and ended % 7:
            writer.finish(f"{number}-{ended}", {"status": 200, "output_tokens": ended})
            finished = ended + 1
            told.set(call + 1, finished)
        if call % BURST == 0:
            time.sleep(PAUSE_SECONDS)


def _seal(settings: Journal) -> None:
    while True:
        # Of the other process's making: it holds the lock, or a file went away while it was killed.
        with suppress(JournalError):
            seal(settings)
        time.sleep(0.005)


def _count(settings: Journal, admitted: list[int], finished: list[int], found: Losses) -> None:
    layout = Layout(settings.folder)
    prints = Fingerprinter(read_or_create_key(settings.key_file))
    columns = [pq.read_table(p, columns=["call", "output_tokens"]) for p in layout.sealed_files()]
    times = Counter(call for table in columns for call in table["call"].to_pylist())
    tokens = {
        c: t for table in columns for c, t in zip(*(table[n].to_pylist() for n in table.column_names), strict=True)
    }
    for number, (calls, ends) in enumerate(zip(admitted, finished, strict=True)):
        keys = prints.keyed_array("call", pa.array([f"{number}-{call}" for call in range(calls)])).to_pylist()
        found.lost += sum(key not in times for key in keys)
        known = [call for call in range(ends) if call % 7]
        found.ends_lost += sum(tokens.get(keys[call]) != call for call in known)
        found.finished += len(known)
    found.admitted = sum(admitted)
    found.sealed = len(times)
    found.doubled = sum(count > 1 for count in times.values())
    found.left_behind = sum(1 for _ in layout.wal.iterdir() if not _.name.startswith("."))


def main() -> None:
    """Run from the command line; exit code 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1_000)
    parser.add_argument("--longest", type=float, default=LONGEST_SECONDS, help="seconds until the kill")
    parser.add_argument("--folder", help="on a file system in memory more is sealed between the kills")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = kill_again_and_again(
            Path(folder), times=arguments.times, longest=arguments.longest, seed=arguments.seed
        )
    print(json.dumps(asdict(found)))
    sys.exit(bool(found.lost or found.doubled or found.ends_lost or found.left_behind))


if __name__ == "__main__":
    main()
