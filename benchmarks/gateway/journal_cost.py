"""What the journal costs a worker: CPU time of admit and finish, the syncing thread included.

python -m benchmarks.gateway.journal_cost [FOLDER]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal

CALLS = 100_000
ROUNDS = 3
PROMPT = [{"role": "user", "content": "A sentence of some words. " * 39}]
"""About 1 kB."""
ASKED = {
    "account": "acct-0123456789",
    "started_at": 1_790_000_000.123456,
    "model": "model-1",
    "operation": "chat",
    "messages": PROMPT,
    "client_address": "192.0.2.7",
    "user_agent": "openai/python 2.1",
    "temperature": 1.0,
    "max_output_tokens": 4_096,
    "n": 1,
    "stream": True,
}
ENDED = {"status": 200, "input_tokens": 250, "output_tokens": 400, "duration_ms": 1_234, "finish_reason": "stop"}


def main() -> None:
    """Print microseconds of CPU and of wall time a call, of the best round."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        writer = JournalWriter(Journal(folder=Path(folder) / "journal"))
        rounds = [_round(writer, f"{number}-") for number in range(ROUNDS)]
        writer.close()
    cpu, wall = min(rounds)
    print(json.dumps({"cpu_us_per_call": round(cpu, 2), "wall_us_per_call": round(wall, 2), "calls": CALLS * ROUNDS}))


def _round(writer: JournalWriter, prefix: str) -> tuple[float, float]:
    used, began = _cpu(), time.perf_counter()
    for number in range(CALLS):
        call = f"{prefix}{number:032d}"
        writer.admit(call, ASKED)
        writer.finish(call, ENDED)
    return (_cpu() - used) / CALLS * 1e6, (time.perf_counter() - began) / CALLS * 1e6


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
