"""How fast a scan is, against the limit of the machine and against what one would write instead."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.machine import DATA
from benchmarks.programs import Run, python, stillwatch, write_key
from benchmarks.results import table, write_section
from benchmarks.speed_log import write_log

SIZES = (100_000, 1_000_000)
FULL_SIZES = (*SIZES, 10_000_000)
QUICK_SIZES = (20_000, 100_000)
HANDWRITTEN_CALLS = 20_000  # 128 permutations a call: about half a minute
TARGET = 50
"""Times faster than the handwritten script that a scan should be."""


@dataclass(frozen=True)
class Speed:
    """One size of log: what a scan took, and what only hashing its text took."""

    calls: int
    scan: Run
    limit: Run
    file_gib: float


def measure_size(calls: int) -> Speed:
    """Write a log, hash it and scan it; hashed twice, so that both programs find it in the page cache."""
    folder = DATA / "speed"
    log = folder / f"{calls}.parquet"
    if not log.exists():
        write_log(log, calls)
    python("benchmarks.limit", log)
    limit = python("benchmarks.limit", log)
    report = folder / "report"
    shutil.rmtree(report, ignore_errors=True)
    scan = stillwatch("scan", log, "--key", write_key(DATA / "key"), "--out", report)
    speed = Speed(calls, scan, limit, log.stat().st_size / 2**30)
    shutil.rmtree(report, ignore_errors=True)
    return speed


def measure_handwritten(calls: int = HANDWRITTEN_CALLS) -> Run:
    """Run the datasketch and networkx script on a small log."""
    log = DATA / "speed" / f"{calls}.parquet"
    if not log.exists():
        write_log(log, calls)
    return python("benchmarks.handwritten", log)


def run(*, quick: bool, full: bool, command: str) -> None:
    """Measure every size and write the section; the handwritten script at both ends, of which the faster counts."""
    before = measure_handwritten()
    # An installation compiles its kernels once: that is no part of any size.
    measure_size(HANDWRITTEN_CALLS)
    sizes = QUICK_SIZES if quick else FULL_SIZES if full else SIZES
    speeds = [measure_size(calls) for calls in sizes]
    handwritten = min(before, measure_handwritten(), key=lambda run: run.seconds)
    write_section("speed", "Speed", describe(speeds, handwritten), command=command)
    if full:
        (DATA / "speed" / f"{sizes[-1]}.parquet").unlink()


def describe(speeds: Sequence[Speed], handwritten: Run) -> str:
    """Write the section's table and what it is compared with."""
    slow = HANDWRITTEN_CALLS / handwritten.seconds
    rows = [
        (
            f"{s.calls:,}",
            s.scan.seconds,
            s.calls / s.scan.seconds,
            s.scan.processor_seconds,
            s.scan.peak_gib,
            s.calls / s.limit.seconds,
            s.limit.seconds / s.scan.seconds,
            s.calls / s.scan.seconds / slow,
        )
        for s in speeds
    ]
    header = (
        "calls",
        "scan, s",
        "calls/s",
        "processor, s",
        "peak GiB",
        "limit, calls/s",
        "share of limit",
        "x handwritten",
    )
    lines = {
        "stillwatch scan": [(s.calls, s.calls / s.scan.seconds) for s in speeds],
        "limit: DuckDB hashes the text": [(s.calls, s.calls / s.limit.seconds) for s in speeds],
        "handwritten (linear)": [(s.calls, slow) for s in speeds],
    }
    figures.speed(lines, file="speed.svg", ours="stillwatch scan")
    said = (
        "`stillwatch scan` from Parquet with about 500 bytes of text a call to the written report, as a "
        "whole program, start-up and report included (kernels are compiled once an installation, before). *Processor*: "
        "seconds of all threads together. *Limit*: DuckDB only reads and hashes the text "
        "column of the same file, start-up included. *Handwritten*: datasketch MinHash-LSH (128 "
        f"permutations) and networkx components on {HANDWRITTEN_CALLS:,} calls, {slow:,.0f} calls a second "
        "(the faster of two runs, taken as linear, which flatters it).\n\n" + _start_up(speeds[0], speeds[1], slow)
    )
    return said + table(header, rows) + "\n![Speed by size](figures/speed.svg)\n"


def _start_up(small: Speed, large: Speed, slow: float) -> str:
    """Say what a scan takes before its first call, as the line through two sizes has it, and what that bounds."""
    each = (large.scan.seconds - small.scan.seconds) / (large.calls - small.calls)
    start = small.scan.seconds - each * small.calls
    return (
        f"By the two smallest sizes a scan takes {start:.1f} s whatever the log (imports, loading of compiled kernels, "
        f"planning of the queries, the page) and {each * 1e6:.1f} us for each call. Even if calls took no time, "
        f"{TARGET} times the handwritten script would begin at {TARGET * slow * start:,.0f} calls. Numba imports SciPy "
        "where it finds it: 0.2 s of start-up that this environment has and an installation of `stillwatch` alone has "
        "not.\n\n"
    )
