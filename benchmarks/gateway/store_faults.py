"""Kill, stop and restart the store of limits under load, and count what callers saw and what was recorded.

    python -m benchmarks.gateway.store_faults --kills 50 --pauses 20 --restarts 100 --store valkey

The gateway is the real one with two workers before a real Redis or Valkey. A kill and a pause last until the gateway
says that it is degraded, and end until it says that all is well; a restart is a kill and a start at once. The rule goes
on locally.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.gateway.callers import Callers
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, read_ahead
from benchmarks.gateway.store_server import PROGRAMS, StoreServer, running

LIMITS = """
[[limits]]
level = "account"
unit = "output_tokens"
per_minute = 100000000
[journal]
segment_seconds = 3600.0
[store]
url = "{url}"
"""
IN_A_ROW = 5
"""Each worker answers some of the questions: so many equal answers in a row are taken as all workers'."""


@dataclass
class Found:
    """What came of it. What is after ``admitted`` must be zero."""

    kills: int = 0
    pauses: int = 0
    restarts: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    """429 for a moment, where a budget had no lease when its store went away."""
    admitted: int = 0
    unanswered: int = 0
    odd_statuses: int = 0
    answered_without_record: int = 0
    doubled: int = 0
    never_ended: int = 0


def fail_again_and_again(folder: Path, *, program: str, kills: int, pauses: int, restarts: int, seed: int = 1) -> Found:
    """Let the store fail so often; return what that cost. Raises AssertionError where the gateway does not recover."""
    found = Found(kills, pauses, restarts)
    (folder / "store").mkdir()
    with (
        running(folder / "store", program=program) as store,
        FaultyModel() as model,
        RealGateway(folder / "gateway", model.url, workers=2, more=LIMITS.format(url=store.url)) as gateway,
    ):
        callers = Callers(gateway.port, gateway.keys["alice"], seed=seed, kinds=("", "slow"))
        faults = ["kill"] * kills + ["pause"] * pauses + ["restart"] * restarts
        random.Random(seed).shuffle(faults)
        asyncio.run(_drive(gateway, store, callers, faults))
        gateway.stop()
        _count(gateway, callers, found)
    return found


async def _drive(gateway: RealGateway, store: StoreServer, callers: Callers, faults: list[str]) -> None:
    load = asyncio.create_task(callers.run())
    for fault in faults:
        await asyncio.to_thread(_fail, gateway, store, fault)
    callers.stopped = True
    await load


def _fail(gateway: RealGateway, store: StoreServer, fault: str) -> None:
    if fault == "restart":
        store.kill()
        store.start()
    elif fault == "pause":
        store.pause()
        try:
            eventually(lambda: _all_say(gateway, "degraded"))
        finally:
            store.resume()
    else:
        store.kill()
        eventually(lambda: _all_say(gateway, "degraded"))
        store.start()
    eventually(lambda: _all_say(gateway, "ok"))


def _all_say(gateway: RealGateway, status: str) -> bool:
    return all(gateway.health().get("status") == status for _ in range(IN_A_ROW))


def _count(gateway: RealGateway, callers: Callers, found: Found) -> None:
    recorded = read_ahead(gateway.journal)
    seen = Counter(outcome.status for outcome in callers.outcomes)
    answered = [o for o in callers.outcomes if o.status == 200]
    found.statuses, found.admitted = dict(sorted(seen.items())), len(recorded.admitted)
    found.unanswered = seen[0]
    found.odd_statuses = sum(count for status, count in seen.items() if status not in {0, 200, 429})
    found.answered_without_record = sum(o.call_id not in recorded.admitted for o in answered)
    found.doubled = sum(times > 1 for times in recorded.admitted.values())
    found.never_ended = len(set(recorded.admitted) - set(recorded.finished))


def is_clean(found: Found) -> bool:
    """Say whether nothing was lost, doubled or answered oddly."""
    names = list(asdict(found))
    return not any(getattr(found, name) for name in names[names.index("admitted") + 1 :])


def main() -> None:
    """Run from the command line; exit code 1 if anything was lost, doubled or answered oddly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pauses", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=PROGRAMS, default=next(iter(PROGRAMS), None))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fail_again_and_again(
            Path(folder),
            program=PROGRAMS[asked.store],
            kills=asked.kills,
            pauses=asked.pauses,
            restarts=asked.restarts,
            seed=asked.seed,
        )
    print(json.dumps(asdict(found)))
    sys.exit(not is_clean(found))


if __name__ == "__main__":
    main()
