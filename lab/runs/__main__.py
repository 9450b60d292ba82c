"""Make every committed result anew: python -m runs [WORK] [--list] [--processes N] [--device cuda].

A step is one file and one process on one core; as many run at once as there are cores. What is there is not made again,
so the whole may be stopped at any time and goes on where it was. WORK (default: work/) keeps trained models and
answers; results/ and ../docs get the numbers and pictures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from runs import lab_tables
from runs.steps import LAB, Step, find_steps

POLL_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run what is missing. Gives 1 where a step failed; those that do not need it are made all the same."""
    parser = argparse.ArgumentParser(prog="python -m runs", description=__doc__)
    parser.add_argument("work", nargs="?", type=Path, default=LAB / "work")
    parser.add_argument("--list", action="store_true", help="name the steps and whether they are there")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="cpu", help="where models are trained")
    asked = parser.parse_args(arguments)
    steps = find_steps(asked.work.absolute())
    if asked.list:
        for step in steps:
            print(f"{'there' if step.makes.exists() else 'missing':8} {step.name}")
        return 0
    failed = run(steps, processes=asked.processes, device=asked.device)
    publish(steps)
    lab_tables.main()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def publish(steps: list[Step]) -> None:
    """Copy results and pictures to where they are committed."""
    for step in steps:
        if step.published and step.makes.exists():
            step.published.parent.mkdir(exist_ok=True)
            shutil.copyfile(step.makes, step.published)


def run(steps: list[Step], *, processes: int, device: str) -> list[str]:
    """Start each step as soon as what it needs is there and a core is free. Gives the names of those that failed."""
    waiting = [step for step in steps if not step.makes.exists()]
    running: list[tuple[Step, subprocess.Popen[bytes]]] = []
    failed: list[str] = []
    while waiting or running:
        for step, process in [one for one in running if one[1].poll() is not None]:
            running.remove((step, process))
            failed += [] if process.returncode == 0 and step.makes.exists() else [step.name]
            print(f"{step.name}: {'failed' if step.name in failed else 'done'}", flush=True)
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


def _start(step: Step, device: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "STILLWATCH_LAB_DEVICE": device}
    command = [sys.executable, "-m", *step.command]
    return subprocess.Popen(command, cwd=LAB, env=environment)  # noqa: S603 - the steps of this package


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
