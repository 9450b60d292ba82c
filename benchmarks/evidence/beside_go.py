"""Our log beside Go's reference implementation (``golang.org/x/mod/sumdb``): processor time of the same work.

python -m benchmarks.evidence.beside_go

Needs Debian's golang-go and golang-golang-x-mod-dev. Both run in turn, several times; the least time of each counts,
for what else the machine did only adds to it. Writes the table and the plot of ``RESULTS.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import figures
from benchmarks.evidence.append import leaves
from benchmarks.machine import DATA
from benchmarks.results import table, write_section
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.tree import leaf_hash, leaf_hashes, verify_inclusion
from stillwatch.settings import BATCH_ROWS

SOURCE = Path(__file__).parent / "go_log/main.go"
LIBRARY = Path("/usr/share/gocode")
PROOFS = 1_000
WORK = {
    "hash": "hash a leaf of 212 bytes",
    "append": "append a leaf, in batches of 65,536 with fsync",
    "prove": "prove an entry, from tiles on the disk",
    "check": "check a proof",
}
Costs = dict[str, float]


def main() -> None:
    """Measure both in turn and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=16 * BATCH_ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    folder = DATA / "beside-go"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        program = build(folder)
        rounds = [
            (measure_ours(folder, asked.leaves), measure_go(program, folder, asked.leaves)) for _ in range(asked.rounds)
        ]
    finally:
        shutil.rmtree(folder)
    ours, theirs = ({name: min(one[side][name] for one in rounds) for name in WORK} for side in (0, 1))
    command = "python -m benchmarks.evidence.beside_go"
    write_section(
        "evidence",
        "The log beside Go's reference implementation",
        describe(ours, theirs, asked.leaves),
        command=command,
    )


def build(folder: Path) -> Path:
    """Compile the Go program with Debian's sources, without any network."""
    if shutil.which("go") is None or not (LIBRARY / "src/golang.org/x/mod/sumdb").is_dir():
        sys.exit("needs Go and its x/mod sources: apt install golang-go golang-golang-x-mod-dev")
    found = {"GOPATH": str(LIBRARY), "GO111MODULE": "off", "GOFLAGS": "", "GOPROXY": "off"}
    environment = {**os.environ, **found, "GOCACHE": str(folder / "cache")}
    subprocess.run(["go", "build", "-o", folder / "go-log", SOURCE], check=True, env=environment)
    return folder / "go-log"


def measure_go(program: Path, folder: Path, count: int) -> Costs:
    """Return microseconds of processor time of each piece of work."""
    where = folder / "go"
    where.mkdir()
    done = subprocess.run([program, where, str(count), str(BATCH_ROWS), str(PROOFS)], check=True, capture_output=True)
    shutil.rmtree(where)
    return dict(json.loads(done.stdout))


def measure_ours(folder: Path, count: int) -> Costs:
    """Return the same of ours."""
    where, costs = folder / "ours", Costs(hash=0.0, append=0.0, prove=0.0, check=0.0)
    with Log(where, [new_signer("bench.example/log", Algorithm.ED25519)], clock=time.time) as log:
        for first in range(0, count, BATCH_ROWS):
            batch = leaves(first, BATCH_ROWS)
            began = time.process_time()
            leaf_hashes(batch)
            costs["hash"] += (time.process_time() - began) / count
            began = time.process_time()
            log.append(batch)
            costs["append"] += (time.process_time() - began) / count
        head = log.checkpoint
        for number in range(PROOFS):
            index = number * 7_919_993 % count
            leaf = leaf_hash(log.reader().entry(index))
            began = time.process_time()
            proof = LogReader(log.read, head).prove(index)
            costs["prove"] += (time.process_time() - began) / PROOFS
            began = time.process_time()
            verify_inclusion(leaf, index=index, size=head.size, proof=proof, root=head.root)
            costs["check"] += (time.process_time() - began) / PROOFS
    shutil.rmtree(where)
    return {name: cost * 1e6 for name, cost in costs.items()}


def describe(ours: Costs, theirs: Costs, count: int) -> str:
    """Write the section's table and draw its plot."""
    rows = [
        (said, ours[name], theirs[name], ours[name] / theirs[name], round(1e6 / ours[name]), round(1e6 / theirs[name]))
        for name, said in WORK.items()
    ]
    bars = {f"{name}, {who}": costs[name] for name in WORK for who, costs in (("Go", theirs), ("ours", ours))}
    figures.costs(bars, label="microseconds of processor time", file="evidence.svg")
    told = (
        f"A log of {count:,} leaves. *Go* is `golang.org/x/mod/sumdb` (Debian's 0.7, Go 1.19), which keeps no log on a "
        "disk: what it leaves open, `benchmarks/evidence/go_log/main.go` does as ours does. Its reader of tiles checks "
        "every tile against the signed root while it proves; ours checks the proof. Processor time of all threads, "
        "least of several rounds in turn; a second of one core.\n\n"
    )
    header = ("work", "ours, us", "Go, us", "ours / Go", "ours a second", "Go a second")
    return f"{told}{table(header, rows)}\n![Ours and Go](figures/evidence.svg)\n"


if __name__ == "__main__":
    main()
