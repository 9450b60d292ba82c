"""``python -m benchmarks [SECTION …] [--quick]``: measure, and write ``RESULTS.md`` and its plots."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from functools import partial

from benchmarks import quality, speed, studies

COMMANDS: dict[str, Callable[..., None]] = {
    "quality": quality.run_profiles,
    "ladder": quality.run_ladder,
    "lost": studies.run_lost,
    "ablation": studies.run_ablation,
    "heldout": studies.run_heldout,
    "calibration": studies.run_calibration,
    "speed": speed.run,
}


def main() -> None:
    """Run the sections named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*COMMANDS, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="small logs and one seed: minutes instead of hours")
    asked = parser.parse_args()
    chosen = list(COMMANDS) if "all" in asked.sections else asked.sections
    for name in chosen:
        command = shlex.join(["python", "-m", "benchmarks", name, *(["--quick"] if asked.quick else [])])
        partial(COMMANDS[name], quick=asked.quick, command=command)()


if __name__ == "__main__":
    main()
