"""``python -m benchmarks.gateway.limiter``: what a decision costs, and what attackers get, as tables."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.gateway.attacks import (
    Bucket,
    Window,
    burst_of_refunds,
    burst_of_refunds_from,
    disconnects,
    fleet,
    honest,
    parallel_bursts,
    unstreamed,
)
from benchmarks.gateway.store import local_store, server_seconds
from benchmarks.gateway.world import PER_MINUTE, Gate, World
from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.limits.store import RedisStore
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, Subjects
from stillwatch.gateway.settings import LimitRule, Store

LEVELS = (Level.ACCOUNT, Level.ORGANIZATION, Level.CAMPAIGN, Level.GLOBAL)
ACCOUNTS = 1000
COST = Cost(input_tokens=400.0, output_hold=1024.0, stream=True)


def rules(units: Sequence[Unit], per_minute: float = 1e12) -> list[LimitRule]:
    """Return one rule for each of four levels and these units, too large to refuse."""
    return [
        LimitRule(level, unit, most=10**9) if unit is Unit.STREAMS else LimitRule(level, unit, per_minute=per_minute)
        for level in LEVELS
        for unit in units
    ]


def subjects() -> list[Subjects]:
    """Return accounts of one organization and campaign."""
    return [Subjects(f"account-{n}", "organization", "campaign", "model") for n in range(ACCOUNTS)]


async def calls(limits: Limits, count: int, *, pauses: bool = False) -> None:
    """Admit, capture 300 tokens in three parts, settle the input, release."""
    callers = subjects()
    for n in range(count):
        held = await limits.admit(callers[n % ACCOUNTS], COST)
        held.capture(100.0)
        held.capture(100.0)
        held.capture(100.0)
        held.settle_input(380.0)
        held.release()
        if pauses:
            await asyncio.sleep(0)


def cpu_microseconds(units: Sequence[Unit], *, count: int, rounds: int) -> float:
    """Return the least process CPU of a call, over rounds: what a busy machine adds is not the limiter's."""
    limits = Limits(rules(units), clock=time.monotonic)

    async def measure() -> float:
        await calls(limits, ACCOUNTS * 2)
        best = float("inf")
        for _ in range(rounds):
            started = time.process_time()
            await calls(limits, count)
            best = min(best, time.process_time() - started)
        return best / count * 1e6

    return asyncio.run(measure())


async def store_cost(url: str, *, count: int) -> tuple[float, float]:
    """Return CPU microseconds a call here and in the server, 1,000 accounts of one campaign leased from it."""
    store = RedisStore(Store(url=url, connect_seconds=2.0, operation_seconds=2.0))
    limits = Limits(rules([Unit.OUTPUT_TOKENS], per_minute=1e9), clock=time.monotonic, store=store)
    limits.start()
    await calls(limits, 20 * ACCOUNTS, pauses=True)
    here, there = time.process_time(), server_seconds(url)
    await calls(limits, count, pauses=True)
    spent = time.process_time() - here, server_seconds(url) - there
    await limits.stop()
    return spent[0] / count * 1e6, spent[1] / count * 1e6


async def synchronous_cost(url: str, *, count: int, together: int) -> tuple[float, float]:
    """Return the same where every call has to ask: each account calls once, ``together`` at a time."""
    store = RedisStore(Store(url=url, connect_seconds=2.0, operation_seconds=2.0))
    limits = Limits(rules([Unit.OUTPUT_TOKENS], per_minute=1e9), clock=time.monotonic, store=store)
    limits.start()
    here, there = time.process_time(), server_seconds(url)

    async def one(n: int) -> None:
        held = await limits.admit(Subjects(f"new-{n}", "organization", "campaign", "model"), COST)
        held.capture(300.0)
        held.release()

    for start in range(0, count, together):
        await asyncio.gather(*(one(n) for n in range(start, start + together)))
    spent = time.process_time() - here, server_seconds(url) - there
    await limits.stop()
    return spent[0] / count * 1e6, spent[1] / count * 1e6


def attack_rows(minutes: float) -> list[tuple[str, float]]:
    """Return for each attack its peak minute as a multiple of the limit."""
    attacks: dict[str, Callable[[Gate], None]] = {
        "refunds after 1 min": partial(burst_of_refunds, minutes=1.0),
        "refunds after 5 min": partial(burst_of_refunds, minutes=5.0),
        "refunds after 10 min": partial(burst_of_refunds, minutes=10.0),
        "as many streams as fit, 50 tokens/s each": partial(fleet, per_second=50.0, minutes=minutes),
        "as many streams as fit, 150 tokens/s each": partial(fleet, per_second=150.0, minutes=minutes),
        "n = 4, weighted": partial(fleet, per_second=50.0, minutes=minutes, weight=4.0),
        "take 95 %, hang up": partial(disconnects, minutes=minutes / 2),
        "500 calls at once, every second": partial(parallel_bursts, minutes=minutes / 4),
        "unstreamed answers, small hold": partial(unstreamed, minutes=minutes / 2),
    }
    rows = []
    for name, attack in attacks.items():
        world = World()
        attack(Gate(world))
        rows.append((name, world.peak() / PER_MINUTE))
    world = World()
    fleet(Gate(world, pauses=False), per_second=150.0, minutes=minutes)
    rows.append(("150 tokens/s, debt instead of a pause", world.peak() / PER_MINUTE))
    for name, make in (
        ("a bucket that refunds", partial(Bucket, capped=False)),
        ("a bucket that refunds up to its size", partial(Bucket, capped=True)),
        ("a fixed window", Window),
    ):
        peaks = (burst_of_refunds_from(make, minutes=m).peak() / PER_MINUTE for m in (1.0, 5.0, 10.0))
        rows += [(f"{name}, refunds after {m} min", peak) for m, peak in zip((1, 5, 10), peaks, strict=True)]
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway.limiter", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer calls and shorter attacks")
    quick = parser.parse_args().quick
    count, rounds = (20_000, 3) if quick else (100_000, 7)
    print("| decision + captures + release, four levels, in memory | CPU µs |\n|---|---|")
    for units in ([Unit.OUTPUT_TOKENS], [Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS], list(Unit)):
        cost = cpu_microseconds(units, count=count, rounds=rounds)
        print(f"| {', '.join(units)} ({4 * len(units)} budgets) | {cost:.1f} |", flush=True)
    print("\n| with a store, output_tokens on four levels | CPU µs a call here | in the server |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, local_store(Path(folder)) as url:
        for name, cost in (
            ("1,000 accounts, leased in the background", store_cost(url, count=count)),
            ("every call asks, one at a time", synchronous_cost(url, count=count // 50, together=1)),
            ("every call asks, 32 at a time", synchronous_cost(url, count=count // 10, together=32)),
        ):
            here, there = asyncio.run(cost)
            print(f"| {name} | {here:.1f} | {there:.1f} |", flush=True)
    print("\n| attack, simulated | peak minute / limit |\n|---|---|")
    for name, peak in attack_rows(4.0 if quick else 20.0):
        print(f"| {name} | {peak:.2f} |", flush=True)
    print("\n| honest callers, simulated | share of the limit used | stalled s | streams | refused at first |")
    print("|---|---|---|---|---|")
    for load in (0.75, 1.0):
        use = honest(Gate(World()), load=load, minutes=30.0 if quick else 120.0)
        print(f"| load {load} | {use.used:.2f} | {use.stalled_seconds:.0f} | {use.streams} | {use.refused} |")


if __name__ == "__main__":
    main()
