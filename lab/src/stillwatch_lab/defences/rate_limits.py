"""Rate limits: how many answers some keys get in a given time, by the gateway's own limiter on a simulated clock.

A limit changes no answer, so it moves no student by query; what it decides is how many queries there have been by a
given day. ``accuracy(t)`` is therefore the curve at N = ``answers_by_day`` (a re-parameterisation, labelled so).
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.ports import Cost, LimitExceeded, Subjects
from stillwatch.gateway.settings import LimitRule

DAY = 86_400.0


@dataclass(frozen=True)
class Harvesters:
    """Keys that ask as fast as they are let: one call open on each, each answer of so many tokens and seconds."""

    keys: int
    output_tokens: float = 900.0
    """As long as the composed campaigns' answers (``simulate/kinds.toml``)."""
    seconds: float = 20.0
    """That many tokens at 45 a second."""
    campaign: str | None = None
    """Which campaign a scan has listed all of them in; None: they are strangers to the host."""


def answers_by_day(rules: Sequence[LimitRule], who: Harvesters, *, days: int) -> list[int]:
    """Count the answers that all keys together have got by the end of each day.

    The limiter is asked as the proxy asks it: hold, capture, release. What an answer used beyond the budget is owed,
    so the next call waits for it.
    """
    return asyncio.run(_count(rules, who, days))


async def _count(rules: Sequence[LimitRule], who: Harvesters, days: int) -> list[int]:
    now = 0.0
    limits = Limits(rules, clock=lambda: now)
    cost = Cost(input_tokens=200.0, output_hold=min(who.output_tokens, 1024.0), stream=True)
    counts = [0] * days
    turns = [(0.0, key) for key in range(who.keys)]
    while turns:
        now, key = heapq.heappop(turns)
        if now >= days * DAY:
            break
        try:
            hold = await limits.admit(Subjects(f"key-{key}", None, who.campaign, "lab", ""), cost)
        except LimitExceeded as full:
            heapq.heappush(turns, (now + full.retry_after_seconds, key))
            continue
        pause = hold.capture(who.output_tokens)
        hold.release()
        counts[int(now // DAY)] += 1
        heapq.heappush(turns, (now + who.seconds + pause, key))
    return [sum(counts[: day + 1]) for day in range(days)]
