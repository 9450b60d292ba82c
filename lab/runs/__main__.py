"""Make every committed result anew: python -m runs [WORK] [--list] [--only STEP …] [--processes N] [--device cuda].

A step is one file and one process on one core; as many run at once as there are cores, and one where models are trained
on a GPU. What is there is not made again, so the whole may be stopped at any time and goes on where it was. WORK
(default: work/) keeps trained models and answers; results/ and ../docs get the numbers and pictures. What each step
took of a processor is kept in WORK/cpu.json. --device cuda takes the large sizes (runs/sizes.py), whose work, results
and pictures lie apart, in work/large and results/large; --dry-run lists their pieces and what each is planned for.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from runs import curves_table, lab_tables, twice
from runs.parts import UNFINISHED
from runs.sizes import LARGE, SIZE, SIZES, SMALL, VARIABLE
from runs.steps import CPU, LAB, Step, find_steps, published_at

POLL_SECONDS = 0.5
MARK = "sizes.txt"
"""In the folder that the work is in: of which sizes it is."""


def main(arguments: list[str]) -> int:
    """Run what is missing. Gives 1 where a step failed; those that do not need it are made all the same."""
    parser = argparse.ArgumentParser(prog="python -m runs", description=__doc__)
    parser.add_argument(
        "work", nargs="?", type=Path, help="default: work/, for other sizes than the small a part of it"
    )
    parser.add_argument("--list", action="store_true", help="name the steps and whether they are there")
    parser.add_argument("--dry-run", action="store_true", help="list what is missing, what it does and is planned for")
    parser.add_argument(
        "--only", nargs="+", metavar="STEP", help="make these alone, in this order; nothing is published"
    )
    parser.add_argument("--processes", type=int, help="default: one a core, and one on a GPU")
    parser.add_argument("--device", default="cpu", help="where models are trained")
    parser.add_argument("--sizes", choices=SIZES, help="default: small on cpu, large elsewhere")
    asked = parser.parse_args(arguments)
    sizes = asked.sizes or (SMALL if asked.device == "cpu" else LARGE).name
    if sizes != SIZE.name:
        return _again(sizes, arguments)
    work = asked.work or (LAB / "work" if SIZE is SMALL else LAB / "work" / SIZE.name)
    steps = find_steps(work.absolute())
    if asked.list:
        for step in steps:
            print(f"{'there' if step.makes.exists() else 'missing':8} {step.name}")
        return 0
    named = {step.name: step for step in steps}
    if unknown := [name for name in asked.only or [] if name not in named]:
        parser.error(f"no such step: {', '.join(unknown)}; --list names them")
    wanted = [named[name] for name in asked.only] if asked.only else steps
    if asked.dry_run:
        tell(wanted)
        return 0
    if (kept := _mark(work)) != SIZE.name:
        parser.error(f"{work}: holds work of the {kept} sizes; take another folder for the {SIZE.name} ones")
    processes = asked.processes or (os.cpu_count() or 1 if asked.device == "cpu" else 1)
    failed = run(wanted, processes=processes, device=asked.device, costs=work / CPU)
    if not asked.only:
        publish(steps, costs=work / CPU)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _again(sizes: str, arguments: list[str]) -> int:
    """Run this anew where modules read other sizes."""
    command = [sys.executable, "-m", "runs", *arguments]
    return subprocess.call(command, cwd=LAB, env={**os.environ, VARIABLE: sizes})  # noqa: S603 - this program


def _mark(work: Path) -> str:
    """Read of which sizes a folder's work is, and write it where none has begun. One without a mark is of the small."""
    path = work / MARK
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    if work.exists() and any(one.is_dir() and one.name not in SIZES for one in work.iterdir()):
        return SMALL.name
    work.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{SIZE.name}\n", encoding="utf-8")
    return SIZE.name


def tell(steps: list[Step]) -> None:
    """List what is missing, what each step does and, where it was reckoned, the seconds it is planned for."""
    missing = [step for step in steps if not step.makes.exists()]
    for step in missing:
        planned = "" if step.plan.seconds is None else f"{step.plan.seconds:.0f} s"
        print(f"{planned:>6}  {step.name}: {step.plan.does}")
    whole = sum(step.plan.seconds or 0 for step in missing)
    print(f"{len(missing)} steps, planned for {whole / 60:.0f} minutes, {SIZE.name} sizes; nothing of this is measured")


def publish(steps: list[Step], *, costs: Path | None = None) -> None:
    """Copy results and pictures to where they are committed, and write the tables of the pages: of small sizes only."""
    for step in steps:
        if step.published and step.makes.exists():
            step.published.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(step.makes, step.published)
    if costs and costs.exists():
        results, _ = published_at()
        results.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(costs, results / CPU)
    if costs and SIZE is SMALL:
        lab_tables.main()
        curves_table.main()
        twice.main()


def run(steps: list[Step], *, processes: int, device: str, costs: Path | None = None) -> list[str]:
    """Start each step as soon as what it needs is there and a core is free. Gives the names of those that failed.

    ``costs`` gets the processor seconds of each that was made.
    """
    waiting = [step for step in steps if not step.makes.exists()]
    running: list[tuple[Step, subprocess.Popen[bytes]]] = []
    failed: list[str] = []
    while waiting or running:
        for step, process in list(running):
            before = _children_seconds()
            if process.poll() is None:
                continue
            seconds = _children_seconds() - before
            running.remove((step, process))
            made = process.returncode == 0 and step.makes.exists()
            failed += [] if made else [step.name]
            ended = "done" if made else "unfinished, goes on when it is run again"
            ended = ended if made or process.returncode == UNFINISHED else "failed"
            print(f"{step.name}: {ended}, {seconds:.0f} s of one core", flush=True)
            if made and costs:
                _keep_cost(costs, step.name, seconds)
        lost = [step for step in waiting if set(step.needs) & set(failed)]
        failed += [step.name for step in lost]
        waiting = [step for step in waiting if step not in lost]
        missing = {step.name for step in waiting} | {step.name for step, _ in running}
        ready = [step for step in waiting if not missing & set(step.needs)]
        for step in ready[: processes - len(running)]:
            waiting.remove(step)
            running.append((step, _start(step, device)))
        time.sleep(POLL_SECONDS)
    return failed


def _children_seconds() -> float:
    """Count the processor seconds of children that were waited for: what one more adds is its own."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _keep_cost(path: Path, name: str, seconds: float) -> None:
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept | {name: round(seconds, 2)}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _start(step: Step, device: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "STILLWATCH_LAB_DEVICE": device}
    command = [sys.executable, "-m", *step.command]
    return subprocess.Popen(command, cwd=LAB, env=environment)  # noqa: S603 - the steps of this package


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
