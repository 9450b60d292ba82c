"""How fast leaves and calls are appended, how long a call waits for its checkpoint, what a proof of a large log costs.

python -m benchmarks.evidence.append --folder bench-data/evidence [--leaves 16550000]

``python -m benchmarks.evidence`` runs it with the other measurements, and writes them into ``RESULTS.md``. Wall-clock
times are of this machine as busy as it was; processor time is the fairer number, and both are printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import shake_256
from pathlib import Path

import pyarrow as pa

from benchmarks.machine import describe
from stillwatch.evidence.book import Book
from stillwatch.evidence.checking import check_log
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.opened import OpenedLog
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.tree import leaf_hash, verify_inclusion
from stillwatch.records import CALL_LOG
from stillwatch.settings import BATCH_ROWS, EvidenceSettings

LEAF_BYTES = 212
"""An entry of a call with channel, operation, tokens and a model of 11 characters."""
PROOFS = 1_000
A_SECOND = 1_000
"""Calls a second of the latency run."""
PROMPT = (
    "Explain step by step why the sum of the first {} odd numbers is a square, and then show it for a few cases. " * 5
)
Json = dict[str, object]


def main() -> None:
    """Measure everything and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="made, and removed afterwards")
    parser.add_argument("--leaves", type=int, default=16_550_000)
    parser.add_argument("--calls", type=int, default=32 * BATCH_ROWS)
    parser.add_argument("--seconds", type=int, default=30)
    asked = parser.parse_args()
    print(
        json.dumps({"machine": describe(), **measure(asked.folder, asked.leaves, asked.calls, asked.seconds)}, indent=1)
    )


def measure(folder: Path, count: int, calls: int, seconds: int) -> dict[str, Json]:
    """Measure everything in a folder that is made for it: so many bare leaves, calls, and seconds of calls."""
    folder.mkdir(parents=True)
    try:
        found = {f"calls, {n} processes": append_calls(folder / f"calls-{n}", calls, n) for n in (1, 2)}
        found["latency"] = measure_latency(folder / "latency", seconds)
        found["leaves"], found["proofs"] = measure_log(folder / "log", count)
        return found
    finally:
        shutil.rmtree(folder)


class Clock:
    """Wall and processor time, of this process and of those that it waited for."""

    def __init__(self) -> None:
        self._wall, self._own, self._others = time.perf_counter(), time.process_time(), _others()

    def read(self, count: int) -> Json:
        """Say how long ``count`` things took."""
        wall, own = time.perf_counter() - self._wall, time.process_time() - self._own
        return {
            "count": count,
            "a_second_wall": round(count / wall),
            "microseconds_cpu_of_this_process": round(own / count * 1e6, 2),
            "microseconds_cpu_of_helpers": round((_others() - self._others) / count * 1e6, 2),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }


def _others() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def leaves(first: int, count: int) -> list[bytes]:
    """Make entries of LEAF_BYTES that no compression makes cheap."""
    noise = shake_256(first.to_bytes(8, "big")).digest(count * LEAF_BYTES)
    return [noise[i : i + LEAF_BYTES] for i in range(0, len(noise), LEAF_BYTES)]


def measure_log(folder: Path, count: int) -> tuple[Json, Json]:
    """Append leaves in batches with fsync, then prove some of them from the disk."""
    signer = new_signer("bench.example/log", Algorithm.ED25519)
    seconds, own, done = 0.0, 0.0, 0
    with Log(folder, [signer], clock=time.time) as log:
        while done < count:
            batch = leaves(done, min(BATCH_ROWS, count - done))
            wall, cpu = time.perf_counter(), time.process_time()
            log.append(batch)
            seconds, own = seconds + time.perf_counter() - wall, own + time.process_time() - cpu
            done += len(batch)
        opened = OpenedLog(folder, None, str(log.note), log.reader())  # type: ignore[arg-type]
        appended: Json = {
            "count": done,
            "a_second_wall": round(done / seconds),
            "microseconds_cpu": round(own / done * 1e6, 2),
        }
        proofs = measure_proofs(opened, log)
        clock = Clock()
        check_log(log.reader())
        return appended, proofs | {"check_whole_log": clock.read(done)}


def measure_proofs(opened: OpenedLog, log: Log) -> Json:
    """Prove single entries, each from tiles on the disk that no earlier proof has left in this process."""
    head, times, sizes = opened.reader.checkpoint, [], []
    for number in range(PROOFS):
        index = number * 7_919_993 % head.size
        fresh = OpenedLog(opened.folder, opened.keys, opened.note, LogReader(log.read, head))
        began = time.perf_counter()
        text = fresh.proof(index)
        times.append((time.perf_counter() - began) * 1e3)
        sizes.append(len(text))
        leaf = leaf_hash(fresh.reader.entry(index))
        verify_inclusion(leaf, index=index, size=head.size, proof=fresh.reader.prove(index), root=head.root)
    cuts = statistics.quantiles(times, n=100)
    return {
        "log": head.size,
        "proofs": PROOFS,
        "median_ms": round(statistics.median(times), 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(times), 2),
        "largest_bytes": max(sizes),
    }


def batches(first: int, count: int) -> Iterator[pa.RecordBatch]:
    """Make batches of calls as a gateway sees them: prompts of 550 bytes, 24,000 accounts."""
    began = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * 1_000_000
    for at in range(first, first + count, BATCH_ROWS):
        numbers = range(at, min(at + BATCH_ROWS, first + count))
        columns = {
            "call_id": [f"call_{i:016x}" for i in numbers],
            "account": [f"acct_{i * 7919 % 24_000:06d}" for i in numbers],
            "started_at": [began + i * 1_000 for i in numbers],
            "model": ["model-large"] * len(numbers),
            "prompt": [PROMPT.format(*[i] * 5) for i in numbers],
            "operation": ["chat"] * len(numbers),
            "channel": ["first_party"] * len(numbers),
            "client_address": [f"192.0.{i % 7}.{i % 251}" for i in numbers],
            "client_asn": [64_500 + i % 20 for i in numbers],
            "user_agent": [f"OpenAI/Python 1.{i % 90}.0" for i in numbers],
            "tls_fingerprint": [f"t13d1516h2_8daaf6152771_{i % 300:012x}" for i in numbers],
            "input_tokens": [120 + i % 800 for i in numbers],
            "output_tokens": [i * 31 % 4_000 for i in numbers],
            "status": [200] * len(numbers),
        }
        schema = CALL_LOG.schema
        arrays = [
            pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(len(numbers), f.type) for f in schema
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def open_book(folder: Path) -> Book:
    """Begin a book in a folder of its own."""
    folder.mkdir()
    return Book(EvidenceSettings(folder=folder / "evidence", key_file=folder / "key"), clock=time.time)


def append_calls(folder: Path, count: int, workers: int) -> Json:
    """Append call rows with their commitments and vault rows, made beforehand."""
    made = list(batches(0, count))
    with open_book(folder) as book:
        clock = Clock()
        book.append_calls(made, workers=workers)
        return clock.read(count)


def measure_latency(folder: Path, seconds: int) -> Json:
    """Let calls come at 1,000 a second, append whatever has come, and say how long each waited for its checkpoint."""
    every = next(batches(0, min(seconds * A_SECOND, BATCH_ROWS)))
    waits: list[float] = []
    with open_book(folder) as book:
        began, done = time.perf_counter(), 0
        while done < every.num_rows:
            came = min(every.num_rows, int((time.perf_counter() - began) * A_SECOND))
            if came > done:
                book.append_calls([every.slice(done, came - done)])
                now = time.perf_counter() - began
                waits += [now - i / A_SECOND for i in range(done, came)]
                done = came
            else:
                time.sleep(0.001)
    cuts = statistics.quantiles(waits, n=100)
    return {
        "calls": len(waits),
        "median_seconds": round(statistics.median(waits), 4),
        "p99_seconds": round(cuts[98], 4),
        "max_seconds": round(max(waits), 4),
    }


if __name__ == "__main__":
    main()
