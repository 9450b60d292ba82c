"""Paused streams wait in a queue in each of their output budgets; who waits longest comes first."""

from __future__ import annotations

from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.hold import Held

LONGEST_PAUSE = 1.0
"""Seconds after which a paused stream asks again: what others give back is not foreseen."""
SHORTEST_PAUSE = 0.005
"""Seconds: below this a timer costs more than it waits."""
STORE_PAUSE = 0.02
"""Seconds a store usually takes to answer, loopback or not."""


def room_for(budget: Budget, held: Held) -> float:
    """Return what this stream may take: those who wait longer come first."""
    free = budget.level - budget.holds
    if not budget.queue:
        return free
    if held not in budget.queue:
        return free - budget.waiting
    first = next(iter(budget.queue))
    return free if first is held else free - budget.queue[first]


def seconds_to_wait(budget: Budget, held: Held, now: float) -> float:
    """Return how long until this budget has what the stream lacks, if all before it get theirs."""
    if budget.lease is not None and budget.lease.may_ask(now):
        return STORE_PAUSE
    first = next(iter(budget.queue)) is held
    missing = (budget.queue[held] if first else budget.waiting) - (budget.level - budget.holds)
    rate = budget.whole_rate * budget.share
    return missing / rate if rate > 0.0 else LONGEST_PAUSE


def queue_up(held: Held, lacking: float) -> None:
    """Let the stream wait in every budget for what it lacks; if it waits already, at its place."""
    for budget in held.plan.outputs:
        budget.waiting += lacking - budget.queue.get(held, 0.0)
        budget.queue[held] = lacking


def leave_queues(held: Held) -> None:
    """Let the stream wait no longer."""
    for budget in held.plan.outputs:
        budget.waiting -= budget.queue.pop(held, 0.0)
        if not budget.queue:
            budget.waiting = 0.0
