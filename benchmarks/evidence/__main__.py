"""Everything that was promised of the evidence log, measured: ``python -m benchmarks.evidence``, about an hour.

Appending, the way from a call to its checkpoint, proofs from a log of 16,550,000 entries, a bundle of 3,400,000 calls,
and 1,000 kills: a section of ``RESULTS.md`` with its plot. Needs two idle cores and 12 GB of disk. ``--scale 0.01`` is
a trial of the harness.
"""

from __future__ import annotations

import argparse
import random
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.evidence import append, bundle_speed, kills
from benchmarks.machine import DATA
from benchmarks.results import table, write_section
from stillwatch.settings import BATCH_ROWS

LEAVES, CALLS, COUNTED, KILLS = 16_550_000, 64 * BATCH_ROWS, 3_400_000, 1_000
"""Entries of the log, calls appended with commitments, calls of the bundle, kills."""
SECONDS = 30
"""How long calls come at 1,000 a second."""
LEAVES_A_SECOND, CHECKPOINT_SECONDS, PROOF_MS, PROOF_BYTES, CHECK_SECONDS, CHECK_MIB = (
    100_000,
    1.0,
    10,
    1_500,
    120,
    1024,
)
"""What was promised: at least the first, at most the others."""
Row = tuple[str, str, float, float]
"""What, in which unit, the promise, what was reached."""


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DATA / "evidence-limits", help="made, and removed afterwards")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of leaves, calls and kills")
    asked = parser.parse_args()
    scale, folder = asked.scale, asked.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        speed = append.measure(folder / "append", int(LEAVES * scale), int(CALLS * scale), SECONDS)
        whole, sample = bundle_speed.measure(folder, calls=int(COUNTED * scale), size=int(LEAVES * scale))
        found = kills.Found()
        times = max(1, int(KILLS * scale))
        kills.kill_often(folder / "kills", times, kills.LONGEST_SECONDS, random.Random(1), found)
    finally:
        shutil.rmtree(folder)
    command = shlex.join(["python", "-m", "benchmarks.evidence", *sys.argv[1:]])
    trial = "" if scale == 1 else f"**A trial of the harness at {scale:g} of the sizes, not a measurement.**\n\n"
    body = trial + describe(speed, whole, sample, found)
    write_section("evidence_limits", "What was promised of the evidence log", body, command=command)


def describe(speed: dict[str, Any], whole: dict[str, Any], sample: dict[str, Any], found: kills.Found) -> str:
    """Write the section's tables and draw its plot: the share of what is allowed that was used."""
    calls, leaves, proofs = speed["calls, 2 processes"], speed["leaves"], speed["proofs"]
    rows: list[Row] = [
        ("calls appended with commitments, two processes", "a second", LEAVES_A_SECOND, calls["a_second_wall"]),
        ("leaves of 212 bytes appended, one process", "a second", LEAVES_A_SECOND, leaves["a_second_wall"]),
        ("from call to checkpoint, slowest", "s", CHECKPOINT_SECONDS, speed["latency"]["max_seconds"]),
        (f"proof from a log of {proofs['log']:,}, 99 %", "ms", PROOF_MS, proofs["p99_ms"]),
        ("the largest proof", "bytes", PROOF_BYTES, proofs["largest_bytes"]),
        ("bundle with all entries checked", "s", CHECK_SECONDS, whole["wall_seconds"]),
        ("the memory this takes", "MiB", CHECK_MIB, whole["peak_mib"]),
    ]
    used = {
        what: promised / reached if unit == "a second" else reached / promised for what, unit, promised, reached in rows
    }
    figures.bars(used, label="share of what is allowed; 1 is the promise", file="evidence-limits.svg", ours="")
    steps = ", ".join(f"{step} {count:,}" for step, count in sorted(found.steps.items(), key=lambda one: -one[1]))
    return (
        "On the clock. Appending goes in batches of 65,536 with fsync.\n\n"
        + table(("what", "unit", "promised", "reached", "met"), [(*row, _met(row)) for row in rows])
        + f"\nProcessor time: {calls['microseconds_cpu_of_this_process']} us a call in the process that writes and "
        f"{calls['microseconds_cpu_of_helpers']} us in the one that encodes; {leaves['microseconds_cpu']} us a bare "
        f"leaf; {whole['cpu_seconds']:g} s for the bundle ({whole['mib']:g} MiB). With a sample only it has "
        f"{sample['mib']:g} MiB, and is checked in {sample['wall_seconds']:g} s. From call to checkpoint: median "
        f"{speed['latency']['median_seconds']} s, 99 % {speed['latency']['p99_seconds']} s, of "
        f"{speed['latency']['calls']:,} calls at 1,000 a second. Proofs: median {proofs['median_ms']} ms, slowest of "
        f"{proofs['proofs']:,} {proofs['max_ms']} ms.\n\n"
        f"kill -9: {found.kills:,} kills, {found.appending:,} of processes that had acknowledged a batch; "
        f"{found.acknowledged:,} calls acknowledged; {found.lost} lost, {found.twice} twice, {found.forks} forks, "
        f"{found.closed} that could not be opened. The step begun last: {steps}.\n\n"
        "![Share of what is allowed](figures/evidence-limits.svg)\n"
    )


def _met(row: Row) -> str:
    _, unit, promised, reached = row
    return "yes" if (reached >= promised if unit == "a second" else reached <= promised) else "no"


if __name__ == "__main__":
    main()
