"""What one decision costs the decision service, with everything real, for accounts that a scan has listed.

``python -m benchmarks.gateway.decisions [COUNT]``: directory, nine budgets on four levels, the example rules acting,
standing and journal, as ``assemble.py`` puts them together; the processor time of each decision, for a wall clock would
measure what else the machine does. Each decision is noted in the journal, and each call is held and then reported.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks.gateway.ours import settings
from benchmarks.results import table
from stillwatch.gateway.assemble import make_parts
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.nouns import Ask
from stillwatch.gateway.run_decide import neighbours_of
from stillwatch.gateway.settings import GatewaySettings
from stillwatch.gateway.snapshot import EMPTY, write_snapshot
from stillwatch.gateway.verdict import Question

COUNT = 100_000
ACCOUNTS = 500
"""Half of them listed, in ten campaigns."""
WARM = 2_000
BITS = {"content": 12.0, "network": 9.0}


def prepare(folder: Path) -> tuple[GatewaySettings, list[str]]:
    """Write directory, rules that act, and standing; return the settings, and a key of each account."""
    chosen = settings(0, 9, folder)
    rules = chosen.rules or Path()
    acting = rules.read_text().replace("\n[rules.when]", '\nmode = "enforce"\n[rules.when]')
    (folder / "rules.toml").write_text(acting)
    now = time.time()
    with Directory(chosen.directory_url) as directory:
        for number in range(ACCOUNTS):
            directory.accounts.add(f"a{number}", {"plan": "pro"}, by="bench", now=now)
        keys = [directory.keys.issue(f"a{n}", by="bench", now=now).text for n in range(ACCOUNTS)]
    listed = {
        f"a{n}": {
            "campaign": f"C-{n % 10}",
            "strength_bits": 10.0,
            "bits": BITS,
            "match_weight": 20.0,
            "share": 0.9,
            "since": now - 60,
        }
        for n in range(0, ACCOUNTS, 2)
    }
    write_snapshot(chosen.standing, {**EMPTY, "made_at": now, "accounts": listed})
    return replace(chosen, rules=folder / "rules.toml"), keys


async def measure(count: int, folder: Path) -> str:
    """Return a table of microseconds of processor time."""
    chosen, keys = prepare(folder)
    parts = make_parts(chosen)
    for start in parts.starts:
        await start()
    service = DecisionService(neighbours_of(parts))
    draw, model = random.Random(1), chosen.models[0].name
    spent: dict[str, list[float]] = {"listed": [], "not listed": []}
    acted = 0
    for number in range(WARM + count):
        account = draw.randrange(ACCOUNTS)
        ask = Ask(model, n=draw.choice((1, 1, 4)), logprobs=draw.random() < 0.3, stream=True, input_bytes=2000)
        question = Question(str(number), ask, credential=keys[account], keep=True)
        began = time.thread_time_ns()
        verdict = await service.decide(question)
        service.report(question.call_id, output_tokens=100.0, input_tokens=400.0, done=True)
        took = (time.thread_time_ns() - began) / 1000
        if number >= WARM:
            spent["not listed" if account % 2 else "listed"].append(took)
            acted += bool(verdict.enforced())
        if number % 256 == 0:
            await asyncio.sleep(0)
    for stop in reversed(parts.stops):
        await stop()
    assert acted, "no rule acted: what was measured is not what is claimed"
    rows = [
        (who, len(times), *(_quantile(times, q) for q in (0.5, 0.99, 0.999)), max(times))
        for who, times in spent.items()
    ]
    head = ("account", "decisions", "p50 us", "p99 us", "p99.9 us", "longest us")
    return f"{table(head, rows)}\n{acted:,} decisions had an effect that acts.\n"


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory() as folder:
        print(uvloop.run(measure(count, Path(folder))))


if __name__ == "__main__":
    main()
