"""Deadlines of many connections, looked after by one clock: no timer is set or cancelled on the way of a call."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

TICK_SECONDS = 0.25
"""How late a deadline may be noticed. A scan of 10,000 connections takes about a millisecond."""

NEVER = float("inf")


class Expiring(Protocol):
    """Something with a deadline on the event loop's clock; ``NEVER`` = none now."""

    deadline: float

    def expire(self, now: float) -> None:
        """Do what has to be done when the deadline has passed."""


class Deadlines:
    """Watches what was added, from ``start`` until ``stop``."""

    def __init__(self) -> None:
        self.watched: set[Expiring] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch. Call it inside the event loop; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def expire_due(self, now: float) -> None:
        """Expire everything whose deadline has passed."""
        for one in [w for w in self.watched if w.deadline <= now]:
            one.expire(now)

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.expire_due(clock())
