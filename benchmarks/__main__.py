"""``python -m benchmarks [SECTION …]``: measure, and write ``RESULTS.md`` and its plots."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable

from benchmarks import quality, speed, studies

COMMANDS: dict[str, Callable[..., None]] = {
    "quality": quality.run_profiles,
    "ladder": quality.run_ladder,
    "contamination": quality.run_contamination,
    "lost": studies.run_lost,
    "ablation": studies.run_ablation,
    "heldout": studies.run_heldout,
    "speed": speed.run,
}


def main() -> None:
    """Run the sections named on the command line, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="python -m benchmarks.calibrate measures the false-alarm rate and writes what the package ships.",
    )
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(COMMANDS)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="small logs and few cases: minutes instead of an hour")
    parser.add_argument("--seeds", type=int, default=1, help="compositions of each case, for quality to lost")
    parser.add_argument("--full", action="store_true", help="speed: ten million calls too (6 GB on disk)")
    asked = parser.parse_args()
    unknown = sorted(set(asked.sections) - set(COMMANDS))
    if unknown:
        parser.error(f"no such section: {', '.join(unknown)}; there are {', '.join(COMMANDS)}")
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    for name in asked.sections or COMMANDS:
        started = time.monotonic()
        told = {"full": asked.full} if name == "speed" else {"seeds": 1 if asked.quick else asked.seeds}
        COMMANDS[name](quick=asked.quick, command=command, **told)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
