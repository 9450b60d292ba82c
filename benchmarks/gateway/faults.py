"""Kill workers, supervisors and whole gateways (SIGKILL) under load; compare what callers saw with what was recorded.

    python -m benchmarks.gateway.faults --workers 200 --wholes 100 --supervisors 20

The gateway is the real one, a program with two workers, a journal and limits, before a model server that also breaks
off. Whatever a caller saw answered, and whatever reached the model, has to be in the sealed journal exactly once. When
only the supervisor is killed its workers have to end by themselves.
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
ORPHAN_SECONDS = 60.0
"""In which workers without a supervisor have to end: they drain for 2 seconds."""
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
    supervisor_kills: int = 0
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
    orphans: int = 0
    """Workers that lived on without a supervisor."""


def kill_again_and_again(folder: Path, *, workers: int, wholes: int, supervisors: int = 0, seed: int = 1) -> Found:
    """Kill so many workers, whole gateways, and supervisors alone; return what that cost."""
    found = Found()
    with (
        FaultyModel() as model,
        RealGateway(folder, model.url, workers=2, more=LIMITS) as gateway,
    ):
        callers = Callers(gateway.port, gateway.keys["alice"], seed=seed)
        kills = ["worker"] * workers + ["whole"] * wholes + ["supervisor"] * supervisors
        asyncio.run(_drive(gateway, callers, found, draw=random.Random(seed), kills=kills))
        gateway.stop()
        _count(gateway, callers, model, found)
    return found


async def _drive(
    gateway: RealGateway, callers: Callers, found: Found, *, draw: random.Random, kills: list[str]
) -> None:
    load = asyncio.create_task(callers.run())
    draw.shuffle(kills)
    for victim in kills:
        await asyncio.to_thread(_wait_for_calls, callers)
        await asyncio.sleep(draw.uniform(0, LONGEST_SECONDS))
        if victim == "worker":
            found.worker_kills += 1
            await asyncio.to_thread(_kill_worker, gateway, draw)
        elif victim == "supervisor":
            found.supervisor_kills += 1
            found.orphans += await asyncio.to_thread(kill_supervisor, gateway)
            await asyncio.to_thread(gateway.start)
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


def kill_supervisor(gateway: RealGateway) -> int:
    """Kill the process that started the workers; return how many of them did not end (none is left behind)."""
    workers = eventually(lambda: len(w := gateway.worker_pids()) == gateway.workers and w)
    os.kill(gateway.pid, signal.SIGKILL)
    assert gateway.process is not None
    gateway.process.wait()
    try:
        eventually(lambda: not any(is_running(w) for w in workers), ORPHAN_SECONDS)
    except AssertionError:
        left = [w for w in workers if is_running(w)]
        os.killpg(gateway.pid, signal.SIGKILL)
        return len(left)
    return 0


def is_running(process: int) -> bool:
    """Say whether a process runs; one that ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


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
    parser.add_argument("--supervisors", type=int, default=20, help="supervisors to kill alone")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    kills = {"workers": asked.workers, "wholes": asked.wholes, "supervisors": asked.supervisors}
    with tempfile.TemporaryDirectory() as folder:
        found = kill_again_and_again(Path(folder), **kills, seed=asked.seed)
    print(json.dumps(asdict(found)))
    sys.exit(not is_clean(found))


if __name__ == "__main__":
    main()
