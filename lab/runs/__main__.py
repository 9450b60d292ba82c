"""Make every committed result anew: python -m runs [WORK] [--list] [--only STEP …] [--processes N] [--device cuda].

A step is one file and one process on one core; as many run at once as there are cores. What is there is not made again,
so the whole may be stopped at any time and goes on where it was. WORK (default: work/) keeps trained models and
answers; results/ and ../docs get the numbers and pictures. What each step took of a processor is kept in WORK/cpu.json.
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

from runs import curves_table, lab_tables
from runs.steps import CPU, LAB, RESULTS, Step, find_steps

POLL_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run what is missing. Gives 1 where a step failed; those that do not need it are made all the same."""
    parser = argparse.ArgumentParser(prog="python -m runs", description=__doc__)
    parser.add_argument("work", nargs="?", type=Path, default=LAB / "work")
    parser.add_argument("--list", action="store_true", help="name the steps and whether they are there")
    parser.add_argument(
        "--only", nargs="+", metavar="STEP", help="make these alone, in this order; nothing is published"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="cpu", help="where models are trained")
    asked = parser.parse_args(arguments)
    steps = find_steps(asked.work.absolute())
    if asked.list:
        for step in steps:
            print(f"{'there' if step.makes.exists() else 'missing':8} {step.name}")
        return 0
    named = {step.name: step for step in steps}
    if unknown := [name for name in asked.only or [] if name not in named]:
        parser.error(f"no such step: {', '.join(unknown)}; --list names them")
    wanted = [named[name] for name in asked.only] if asked.only else steps
    failed = run(wanted, processes=asked.processes, device=asked.device, costs=asked.work / CPU)
    if not asked.only:
        publish(steps)
        shutil.copyfile(asked.work / CPU, RESULTS / CPU)
        lab_tables.main()
        curves_table.main()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def publish(steps: list[Step]) -> None:
    """Copy results and pictures to where they are committed."""
    for step in steps:
        if step.published and step.makes.exists():
            step.published.parent.mkdir(exist_ok=True)
            shutil.copyfile(step.makes, step.published)


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
            print(f"{step.name}: {'done' if made else 'failed'}, {seconds:.0f} s of one core", flush=True)
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
