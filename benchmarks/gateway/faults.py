"""Kill workers and whole gateways (SIGKILL) under load, and compare what callers saw with what was recorded.

    python -m benchmarks.gateway.faults --workers 100 --wholes 50

The gateway is the real one, a program with two workers, a journal and limits, before a model server that also breaks
off. Whatever a caller saw answered, and whatever reached the model, has to be in the sealed journal exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.gateway.callers import Callers
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, read_ahead, sealed_times

LONGEST_SECONDS = 0.4
"""From one kill to the next."""
LIMITS = """
[[limits]]
level = "account"
unit = "output_tokens"
per_minute = 100000000
[journal]
segment_seconds = 3600.0
"""


@dataclass
class Found:
    """What came of it. All after ``admitted`` must be zero."""

    worker_kills: int = 0
    gateway_kills: int = 0
    sent: int = 0
    answered: int = 0
    whole: int = 0
    reached_model: int = 0
    admitted: int = 0
    answered_without_record: int = 0
    reached_without_record: int = 0
    doubled: int = 0
    ended_twice: int = 0
    sealed_wrongly: int = 0
    odd_statuses: int = 0


def kill_again_and_again(folder: Path, *, workers: int, wholes: int, seed: int = 1) -> Found:
    """Kill so many workers and so many whole gateways; return what that cost."""
    found = Found()
    with (
        FaultyModel() as model,
        RealGateway(folder, model.url, workers=2, more=LIMITS) as gateway,
    ):
        callers = Callers(gateway.port, gateway.keys["alice"], seed=seed)
        asyncio.run(_drive(gateway, callers, found, draw=random.Random(seed), kills=(workers, wholes)))
        gateway.stop()
        _count(gateway, callers, model, found)
    return found


async def _drive(
    gateway: RealGateway, callers: Callers, found: Found, *, draw: random.Random, kills: tuple[int, int]
) -> None:
    load = asyncio.create_task(callers.run())
    order = ["worker"] * kills[0] + ["whole"] * kills[1]
    draw.shuffle(order)
    for victim in order:
        await asyncio.to_thread(_wait_for_calls, callers)
        await asyncio.sleep(draw.uniform(0, LONGEST_SECONDS))
        if victim == "worker":
            found.worker_kills += 1
            await asyncio.to_thread(_kill_worker, gateway, draw)
        else:
            found.gateway_kills += 1
            gateway.kill()
            await asyncio.to_thread(gateway.start)
    callers.stopped = True
    await load


def _wait_for_calls(callers: Callers) -> None:
    """Wait until it serves, so that every kill hits a gateway under load."""
    before = sum(o.is_whole for o in callers.outcomes)
    eventually(lambda: sum(o.is_whole for o in callers.outcomes) >= before + 20)


def _kill_worker(gateway: RealGateway, draw: random.Random) -> None:
    victim = draw.choice(eventually(lambda: len(w := gateway.worker_pids()) == 2 and w))
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in gateway.worker_pids())


def _count(gateway: RealGateway, callers: Callers, model: FaultyModel, found: Found) -> None:
    recorded = read_ahead(gateway.journal)
    markers = {words.split("-end")[0].split("marker-")[-1] for words in recorded.prompts.values()}
    seen = [o for o in callers.outcomes if o.status]
    reached = {r.prompt.split("-end")[0].removeprefix("marker-") for r in model.reached}
    found.sent, found.answered = len(callers.outcomes), len(seen)
    found.whole = sum(o.is_whole for o in seen)
    found.reached_model, found.admitted = len(reached), len(recorded.admitted)
    found.answered_without_record = sum(o.call_id not in recorded.admitted for o in seen)
    found.reached_without_record = len(reached - markers)
    found.doubled = sum(times > 1 for times in recorded.admitted.values())
    found.ended_twice = sum(len(rows) > 1 for rows in recorded.finished.values())
    found.sealed_wrongly = sum(n != 1 for n in sealed_times(gateway.journal, list(recorded.admitted)))
    # A whole answer that the model cut off is a 502 of ours.
    found.odd_statuses = sum(o.status not in {200, 502} for o in seen)


def is_clean(found: Found) -> bool:
    """Say whether nothing was lost, doubled or answered oddly."""
    names = list(asdict(found))
    return not any(getattr(found, name) for name in names[names.index("admitted") + 1 :])


def main() -> None:
    """Run from the command line; exit code 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=100, help="workers to kill")
    parser.add_argument("--wholes", type=int, default=50, help="whole gateways to kill")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = kill_again_and_again(
            Path(folder), workers=arguments.workers, wholes=arguments.wholes, seed=arguments.seed
        )
    print(json.dumps(asdict(found)))
    sys.exit(not is_clean(found))


if __name__ == "__main__":
    main()
