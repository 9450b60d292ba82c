"""Attackers against the limiter, and honest callers beside it, in simulated time. None of it leaves the process."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from benchmarks.gateway.world import PER_MINUTE, Caller, Gate, World, again

ANSWER = 8192.0
"""Tokens of a long answer."""


def burst_of_refunds(gate: Gate, *, minutes: float, hold: float = 1024.0) -> None:
    """Fill the budget with idle streams, keep them for minutes, then end them one by one and spend each refund."""
    world = gate.world

    def attack() -> Caller:
        idle = []
        while world.now < minutes * 60:
            held = gate.admit("attacker", hold=hold)
            if held is None:
                yield 0.5
                continue
            yield from gate.hand_on(held, 100.0)
            idle.append(held)
        for held in idle:
            held.release()
            world.start(spend(ANSWER))
            yield 0.01

    def spend(tokens: float) -> Caller:
        held = yield from again(world, lambda: gate.admit("attacker"), every=0.25, until=minutes * 60 + 120)
        if held is not None:
            yield from gate.answer(held, tokens, per_second=1e5)

    world.start(attack())
    world.run(minutes * 60 + 120)


def fleet(gate: Gate, *, per_second: float, streams: int = 300, minutes: float = 20.0, weight: float = 1.0) -> None:
    """Keep as many streams open as fit; each uses all its tokens."""
    world = gate.world

    def attack() -> Caller:
        while world.now < minutes * 60:
            held = yield from again(world, lambda: gate.admit("attacker", weight=weight), every=1.0, until=minutes * 60)
            if held is not None:
                yield from gate.answer(held, ANSWER / weight, per_second=per_second)

    for _ in range(streams):
        world.start(attack())
    world.run(minutes * 60)


def disconnects(gate: Gate, *, streams: int = 300, minutes: float = 10.0) -> None:
    """Take 95 % of every answer, then hang up; hang up also wherever the stream pauses."""
    world, dice = gate.world, random.Random(1)

    def attack() -> Caller:
        while world.now < minutes * 60:
            held = yield from again(world, lambda: gate.admit("attacker"), every=1.0, until=minutes * 60)
            if held is None:
                return
            taken = 0.0
            while taken < 0.95 * ANSWER:
                yield 0.1
                if held.capture(16.0) > 0.0:
                    if dice.random() < 0.5:
                        break
                    while held.capture(0.0) > 0.0:
                        yield 0.25
                world.deliver(16.0)
                taken += 16.0
            held.release()

    for _ in range(streams):
        world.start(attack())
    world.run(minutes * 60)


def parallel_bursts(gate: Gate, *, calls: int = 500, minutes: float = 5.0) -> None:
    """Send hundreds of calls at the same moment, again and again; each gets its answer at once."""
    world = gate.world

    def attack() -> Caller:
        while world.now < minutes * 60:
            held = [h for h in (gate.admit("attacker") for _ in range(calls)) if h is not None]
            for one in held:
                world.start(gate.answer(one, ANSWER, per_second=1e5))
            yield 1.0

    world.start(attack())
    world.run(minutes * 60)


def unstreamed(gate: Gate, *, calls: int = 300, minutes: float = 10.0, hold: float = 1024.0) -> None:
    """Ask for whole answers: 4,096 tokens arrive in one piece after 20 seconds."""
    world = gate.world

    def attack() -> Caller:
        while world.now < minutes * 60:
            held = yield from again(world, lambda: gate.admit("attacker", hold=hold), every=1.0, until=minutes * 60)
            if held is not None:
                yield 20.0
                yield from gate.hand_on(held, ANSWER / 2)
                held.release()

    for _ in range(calls):
        world.start(attack())
    world.run(minutes * 60)


@dataclass(frozen=True)
class HonestUse:
    """What honest callers got: share of the limit, and how long their streams were stalled."""

    used: float
    stalled_seconds: float
    streams: int
    refused: int


def honest(gate: Gate, *, load: float, minutes: float = 120.0, seed: int = 3) -> HonestUse:
    """Call at random: answers of 40 to 160 s and 2,000 tokens on average, at most 8,192. ``load`` is of the limit."""
    world, dice = gate.world, random.Random(seed)
    mean = 2000.0
    refused = streams = 0

    def one() -> Caller:
        nonlocal refused, streams
        held = gate.admit("honest")
        if held is None:
            refused += 1
            yield 1.0
            held = yield from again(world, lambda: gate.admit("honest"), every=1.0, until=world.now + 600)
        if held is not None:
            streams += 1
            tokens = min(dice.expovariate(1 / mean), ANSWER)
            yield from gate.answer(held, tokens, per_second=tokens / dice.uniform(40.0, 160.0))

    def arrivals() -> Caller:
        while world.now < minutes * 60:
            world.start(one())
            yield dice.expovariate(load * PER_MINUTE / 60 / mean)

    world.start(arrivals())
    world.run(minutes * 60)
    used = world.total() / (PER_MINUTE * minutes)
    return HonestUse(used, world.paused_seconds, streams, refused)


class Refunding(Protocol):
    """A limiter of others' shape: reserve, then settle."""

    def reserve(self, tokens: float) -> bool:
        """Take the most a call may use."""

    def settle(self, *, reserved: float, used: float, reserved_at: float) -> None:
        """Give back what it did not use."""


class Bucket:
    """Debit at the start, refund at the end; ``capped``: refunds fill up to the capacity at most."""

    def __init__(self, world: World, *, capped: bool) -> None:
        self.world, self.capped, self.level, self.at = world, capped, PER_MINUTE, 0.0

    def _refill(self) -> None:
        grown = self.level + (self.world.now - self.at) * PER_MINUTE / 60
        self.level, self.at = max(min(grown, PER_MINUTE), min(self.level, grown)), self.world.now

    def reserve(self, tokens: float) -> bool:
        """Debit."""
        self._refill()
        if self.level < tokens:
            return False
        self.level -= tokens
        return True

    def settle(self, *, reserved: float, used: float, reserved_at: float) -> None:
        """Refund, however old the reservation is."""
        del reserved_at
        self._refill()
        self.level += reserved - used
        if self.capped:
            self.level = min(self.level, PER_MINUTE)


class Window:
    """Fixed minutes; a refund counts only within the minute of its reservation."""

    def __init__(self, world: World) -> None:
        self.world, self.minute, self.used = world, 0, 0.0

    def reserve(self, tokens: float) -> bool:
        """Count in this minute."""
        minute = int(self.world.now // 60)
        if minute != self.minute:
            self.minute, self.used = minute, 0.0
        if self.used + tokens > PER_MINUTE:
            return False
        self.used += tokens
        return True

    def settle(self, *, reserved: float, used: float, reserved_at: float) -> None:
        """Refund within the minute."""
        if int(reserved_at // 60) == int(self.world.now // 60) == self.minute:
            self.used -= reserved - used


def burst_of_refunds_from(make: Callable[[World], Refunding], *, minutes: float) -> World:
    """Attack a reserving limiter: reserve 4,096, use 100, keep, then settle and spend one at a time."""
    world = World()
    limiter = make(world)

    def attack() -> Iterator[float]:
        open_since: list[float] = []
        while world.now < minutes * 60:
            if limiter.reserve(4096.0):
                world.deliver(100.0)
                open_since.append(world.now)
            else:
                yield 0.5
        for since in open_since:
            limiter.settle(reserved=4096.0, used=100.0, reserved_at=since)
            while limiter.reserve(512.0):
                world.deliver(512.0)
            yield 0.01

    world.start(attack())  # type: ignore[arg-type]
    world.run(minutes * 60 + 120)
    return world
