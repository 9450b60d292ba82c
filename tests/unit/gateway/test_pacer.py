"""Pacing, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from stillwatch.gateway.relay import PACED_SECONDS, Pacer


class World:
    """A clock that sleeping moves, and what was handed on when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent: list[tuple[float, bytes]] = []

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append((self.now - 100.0, message["body"]))

    def pacer(self, rate: float) -> Pacer:
        return Pacer(rate, lambda: self.now, self.sleep)


def test_a_burst_is_spread_over_its_time_in_small_pieces() -> None:
    world = World()
    events = [b"data: %d\n\n" % i for i in range(100)]
    asyncio.run(world.pacer(20.0).send(b"".join(events), 100.0, world.send))
    assert b"".join(body for _, body in world.sent) == b"".join(events)
    assert world.sent[-1][0] == pytest.approx(5.0)
    gaps = [b - a for (a, _), (b, _) in zip(world.sent, world.sent[1:], strict=False)]
    assert max(gaps) <= PACED_SECONDS + 1e-9


def test_a_stream_slower_than_its_pace_is_not_held_back_for_long() -> None:
    world = World()
    pacer = world.pacer(20.0)
    for _ in range(5):
        world.now += 1.0
        asyncio.run(pacer.send(b"data: x\n\n", 1.0, world.send))
    assert world.sent[-1][0] == pytest.approx(5.25)


def test_time_that_passed_is_no_credit() -> None:
    world = World()
    pacer = world.pacer(10.0)
    world.now += 1000.0
    asyncio.run(pacer.send(b"data: x\n\n" * 50, 50.0, world.send))
    assert world.sent[-1][0] == pytest.approx(1005.0)


def test_nothing_is_handed_on_where_a_filter_left_nothing() -> None:
    world = World()
    asyncio.run(world.pacer(10.0).send(b"", 5.0, world.send))
    assert not world.sent
