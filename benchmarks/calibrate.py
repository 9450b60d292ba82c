"""``python -m benchmarks.calibrate [--scans N]``: measure how strong the groups of innocent traffic look.

Composes innocent logs, another mixture with every seed, half of them from the public prompts (where they are) and half
from the package's own, scans each under a key of its own, and keeps the strengths of all candidates. Writes what the
package ships (``calibration.json``), ``docs/calibration.svg``, and the section ``calibration`` of ``RESULTS.md``, where
half of the scans are judged by the other half. One line a scan is kept in ``bench-data/``: an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from benchmarks.false_alarms import Check, Innocent, calibrate, check, describe
from benchmarks.figures import calibration as draw
from benchmarks.incidents import HISTORY, SHARED
from benchmarks.machine import DATA, ROOT
from benchmarks.parallel import each
from benchmarks.programs import stillwatch, write_key
from benchmarks.results import write_section

SHIPPED = ROOT / "src" / "stillwatch" / "detect" / "calibration.json"
FIGURE = ROOT / "docs" / "calibration.svg"
LINES = DATA / "calibration.jsonl"
SCANS = 200
SCALE = 0.4
"""About 1,100 accounts and 15,000 calls: composed and scanned in 6 to 8 s, and every kind of use is there."""
FIRST_SEED = 10_000
"""Far from the seeds of the quality benchmark, so that nothing is judged by what it was measured on."""
LEAST_STRENGTH = -30
"""Below any candidate: all are listed."""
WEIGHING = ("detect", "ingest", "simulate", "store")
WEIGHING_FILES = ("app.py", "records.py", "settings.py")
_SOURCES = {".py", ".toml", ".txt", ".json"}


@dataclass(frozen=True)
class Line:
    """One finished scan, as kept; ``detector`` tells which sources made it, since other ones weigh otherwise."""

    detector: str
    scale: float
    scan: Innocent


def detector() -> str:
    """Return a digest of the sources that strengths depend on, so that two detectors' strengths are never mixed."""
    digest = sha256()
    folder = ROOT / "src" / "stillwatch"
    found = [p for part in WEIGHING for p in (folder / part).rglob("*") if p.suffix in _SOURCES]
    for path in sorted({*found, *(folder / name for name in WEIGHING_FILES)} - {SHIPPED}):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def pool_of(number: int) -> str:
    """Return which prompts the log of this number has: even ones the public pools, where they are."""
    return "shared" if number % 2 == 0 and SHARED.exists() else "own"


def scan_innocents(number: int, *, scale: float) -> Innocent:
    """Compose and scan the innocent log of this number."""
    pool = pool_of(number)
    prompts = ("--prompts", SHARED) if pool == "shared" else ()
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as made:
        folder = Path(made)
        log, report = folder / "log", folder / "report"
        seed = ("--seed", str(FIRST_SEED + number))
        stillwatch("simulate", HISTORY, *seed, *prompts, "--scale", str(scale), "--out", log)
        key = write_key(folder / "key", number=FIRST_SEED + number)
        told = ("--accounts", log / "accounts.parquet", "--key", key, f"--min-strength={LEAST_STRENGTH}")
        stillwatch("scan", log / "calls.parquet", *told, "--threads", "1", "--out", report)
        said = json.loads((report / "scan.json").read_bytes())
    return Innocent(number, pool, said["accounts"], tuple(said["candidates"]))


def read_lines(path: Path, *, detector: str, scale: float) -> dict[int, Innocent]:
    """Read the scans that this detector made at this scale and of the prompts it would take now, by number.

    A line cut short by an interruption is left out.
    """
    known: dict[int, Innocent] = {}
    if not path.exists():
        return known
    for line in path.read_text().splitlines():
        try:
            kept = json.loads(line)
        except json.JSONDecodeError:
            continue
        scan = kept["scan"]
        if (kept["detector"], kept["scale"], scan["pool"]) == (detector, scale, pool_of(scan["number"])):
            known[scan["number"]] = Innocent(**{**scan, "strengths": tuple(scan["strengths"])})
    return known


def measure(scans: int, *, minutes: float, scale: float = SCALE) -> list[Innocent]:
    """Return this many innocent scans, or as many as the minutes allow; those already made count and take no time."""
    mark, until = detector(), time.monotonic() + 60 * minutes
    known = read_lines(LINES, detector=mark, scale=scale)
    for scan in each(partial(scan_innocents, scale=scale), _missing(scans, known), until=until):
        assert mark == detector(), "the detector changed during the run: run again, for all scans with the new one"
        known[scan.number] = scan
        with LINES.open("a") as file:
            file.write(json.dumps(asdict(Line(mark, scale, scan))) + "\n")
        strongest = max(scan.strengths, default=float("nan"))
        print(f"{len(known)} of {scans}: {scan.accounts:,} accounts, strongest {strongest:.2f} bits", flush=True)
    return [known[number] for number in sorted(known) if number < scans]


def _missing(scans: int, known: dict[int, Innocent]) -> Iterator[int]:
    return (number for number in range(scans) if number not in known)


def checks(scans: Sequence[Innocent]) -> list[Check]:
    """Judge each half by the other: halves by seed, with both pools in both, and halves by pool."""
    early, late = ([s for s in scans if s.number // 2 % 2 == half] for half in (0, 1))
    own, shared = ([s for s in scans if s.pool == pool] for pool in ("own", "shared"))
    asked = (
        ("half of the seeds, by the other half", early, late),
        ("the other half, by the first", late, early),
        ("public prompts, by own prompts", own, shared),
        ("own prompts, by public prompts", shared, own),
    )
    return [check(name, reference, held_out) for name, reference, held_out in asked if reference and held_out]


def main() -> None:
    """Measure, write what is shipped, and check it on scans it was not made from."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate", description=__doc__)
    parser.add_argument("--scans", type=int, default=SCANS, help="innocent scans")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="stop after so long and use what there is")
    parser.add_argument("--dry-run", action="store_true", help="scan and print, and write nothing but the kept lines")
    asked = parser.parse_args()
    if not SHARED.exists():
        print(
            f"{SHARED}: no public prompts here, so every scan has the package's own (STILLWATCH_SHARED_DATA names them)"
        )
    scans = measure(asked.scans, minutes=asked.minutes)
    found, checked = calibrate(scans), checks(scans)
    if asked.dry_run:
        print(describe(scans, checked))
        return
    draw({c.name: c.points for c in checked}, scans=len(scans), file=FIGURE)
    command = shlex.join(["python", "-m", "benchmarks.calibrate", *sys.argv[1:]])
    write_section("calibration", "Honest false alarms", describe(scans, checked), command=command)
    # Last, so that the section names the commit that was measured, without a change of its own.
    SHIPPED.write_text(
        json.dumps({"scans": found.scans, "accounts": found.accounts, "strengths": found.strengths}) + "\n"
    )


if __name__ == "__main__":
    main()
