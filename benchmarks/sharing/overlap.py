"""``python -m benchmarks.sharing.overlap [--elements N]``: two sets of so many compared, both sides in one process."""

from __future__ import annotations

import argparse
import time

from stillwatch.sharing.overlap.psi import answer, ask, require_psi


def measure(count: int) -> list[tuple[object, ...]]:
    """Return for the number and for the contents: what, found, seconds of CPU and wall clock, bytes each way."""
    require_psi()
    rows: list[tuple[object, ...]] = []
    mine = [f"payment:pm_{n:08d}" for n in range(count)]
    theirs = [f"payment:pm_{n + count // 2:08d}" for n in range(count)]
    for contents in (False, True):
        wall, cpu = time.perf_counter(), time.process_time()
        asking = ask(b"\x01" * 32, mine, contents=contents)
        setup, response = answer(b"\x02" * 32, theirs, asking.request, contents=contents)
        found = len(asking.common(setup, response)) if contents else asking.count(setup, response)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        said = "contents" if contents else "number"
        rows.append((said, found, cpu, wall, len(asking.request), len(setup) + len(response)))
    return rows


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=10_000)
    for row in measure(parser.parse_args().elements):
        print(*row)


if __name__ == "__main__":
    main()
