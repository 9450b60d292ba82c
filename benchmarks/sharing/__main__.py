"""``python -m benchmarks.sharing``: sharing and screening beside their peers; writes two sections of ``RESULTS.md``.

Peers live in environments of their own, whose Python is named: medallion (``pip install medallion 'flask<3'``) and
nomenklatura (``pip install nomenklatura==4.17.4``). ``--cases`` is ``contrib/name_bench/cases.csv`` of nomenklatura's
repository, which is not copied here. What is not named is left out, and the section says so.
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.registry import chinese, names, speed
from benchmarks.results import table, write_section
from benchmarks.sharing import bulk, export, overlap, taxii

OBJECTS, ELEMENTS, ENTITIES, CUSTOMERS = 1_000_000, 10_000, 10_000, 1_000
QUICK = 50
"""A trial takes so many times fewer objects and customers."""
PAGES = ("server", "objects", "pages of 100", "pages read", "first, ms", "median, ms", "slowest, ms")
LOADS = ("server", "202 after, s", "all done after, s", "taken", "refused by name", "in the collection", "twice")
EXPORTS = ("format", "objects", "bytes", "CPU s", "objects a second")
OVERLAPS = ("asked", "in common", "CPU s", "wall s", "bytes there", "bytes back")
CHINESE = ("system", "rows", "found", "missed", "wrong", "recall", "precision")
NAMES = ("system", "cases", "pairs", "threshold", "precision", "recall", "F1")


def run_sharing(asked: argparse.Namespace, command: str) -> None:
    """Measure TAXII, bulk loads, exports and private overlap; write the section ``sharing``."""
    share = QUICK if asked.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        parts = [_pages(Path(folder), OBJECTS // share, asked.medallion), _loads(Path(folder))]
    parts += [_exports(), _overlaps(ELEMENTS // share)]
    parts.append("CPU seconds are the measured processes' own; the clock's are worth nothing on a busy machine.")
    write_section("sharing", "Sharing", "\n".join(parts), command=command)


def _pages(folder: Path, count: int, python: str) -> str:
    rows, grown = taxii.ours(count, folder)
    peer = "medallion was not named, and is left out."
    if python:
        rows += taxii.medallion(python, folder)
        peer = "medallion 3.0.0 keeps objects in memory, so with far fewer of them."
    return (
        "**TAXII 2.1**, pages of 100 over HTTP on loopback, one after the other. Target: any page within 50 ms. "
        f"{peer}\n\n{table(PAGES, rows)}\nThe server's resident memory grew by {grown:,} kB over these pages.\n"
    )


def _loads(folder: Path) -> str:
    rows = []
    for kill in (False, True):
        done = bulk.measure(folder, kill=kill)
        name = "killed once (`SIGKILL`) and started again" if kill else "undisturbed"
        seconds = (done.accepted_seconds, done.done_seconds)
        rows.append((name, *seconds, done.taken, done.refused, done.kept, done.twice))
    return f"**One POST** of {bulk.COUNT:,} objects of which {bulk.BAD} have no type:\n\n{table(LOADS, rows)}"


def _exports() -> str:
    return (
        "**Exports**, one core, from a report's campaigns to the bytes of a file. Target: 20,000 STIX objects a second."
        f"\n\n{table(EXPORTS, export.measure())}"
    )


def _overlaps(count: int) -> str:
    return (
        f"**Private overlap** of two sets of {count:,}, half in common, both sides in one process. Target: 10 s.\n\n"
        f"{table(OVERLAPS, overlap.measure(count))}"
    )


def run_screening(asked: argparse.Namespace, command: str) -> None:
    """Measure screening's speed and both sets of names; write the section ``screening``."""
    share = QUICK if asked.quick else 1
    parts = [_speed(ENTITIES // share, CUSTOMERS // share), _chinese(asked.peer), _names(asked.cases, asked.peer)]
    if not asked.peer:
        parts.append("nomenklatura (`--peer`) was not named, and is left out.")
    write_section("screening", "Screening", "\n".join(parts), command=command)


def _speed(entities: int, customers: int) -> str:
    index, (p50, p95, p99), right = speed.measure(entities, customers)
    return (
        f"One customer against {entities:,} made-up entities of two names in four scripts, all cold, processor time: "
        f"p50 {p50:.1f} ms, **p95 {p95:.1f} ms**, p99 {p99:.1f} ms (target: p95 within 20 ms). The index took "
        f"{index:.1f} s. Of {customers // 2:,} customers that are on the list, many with a letter missing, {right:,} "
        f"were found. The first names of natural persons in a process take {speed.first_person():.1f} s more, once.\n"
    )


def _chinese(peer: str) -> str:
    return (
        "**Chinese names** (`benchmarks/registry/chinese_names.csv`), each against all Latin ones. The vocabulary was "
        f"mended on the even rows, so the odd ones are the measure.\n\n{table(CHINESE, chinese.rows(peer))}"
    )


def _names(cases: Path | None, peer: str) -> str:
    if cases is None:
        return "The published name bench (`--cases`) was not at hand, and is left out.\n"
    return f"**A published bench**: {names.said(cases)}\n\n{table(NAMES, names.rows(cases, peer))}"


SECTIONS: dict[str, Callable[[argparse.Namespace, str], None]] = {"sharing": run_sharing, "screening": run_screening}


def main() -> None:
    """Run the sections named on the command line, or both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharing", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; both if none is named")
    parser.add_argument("--medallion", default="", help="a Python with medallion")
    parser.add_argument("--peer", default="", help="a Python with nomenklatura")
    parser.add_argument("--cases", type=Path, help="the published name bench's cases.csv")
    parser.add_argument("--quick", action="store_true", help="a trial: a fiftieth of the sizes")
    asked = parser.parse_args()
    command = shlex.join(["python", "-m", "benchmarks.sharing", *asked.sections])
    command += "".join(f" --{name} …" for name in ("medallion", "peer", "cases") if getattr(asked, name))
    command += " --quick" if asked.quick else ""
    for name in asked.sections or SECTIONS:
        SECTIONS[name](asked, command)


if __name__ == "__main__":
    main()
