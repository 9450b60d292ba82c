"""Holds on the budgets of every level at once: all or nothing, captured as tokens flow, topped up, paused, given back.

Pure state: no clock but the one passed in, no network. One thread uses it, and no method waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.hold import Held
from stillwatch.gateway.limits.plan import Plan
from stillwatch.gateway.limits.queues import (
    LONGEST_PAUSE,
    SHORTEST_PAUSE,
    leave_queues,
    queue_up,
    room_for,
    seconds_to_wait,
)
from stillwatch.gateway.limits.usage import CALLS, INPUT_TOKENS, OUTPUT_TOKENS
from stillwatch.gateway.ports import Cost

SWEEP_SECONDS = 60.0
IDLE_SWEEPS = 15
"""A hold that captured nothing for 15 sweeps has lost its stream: above the 600 s a reasoning model may take to start.

Counted in sweeps, so that a clock that jumps ahead ends no living stream.
"""


class Ledger:
    """Admits calls and follows them to their end.

    ``short`` is told which budget has too little for how much; where budgets are leased, more is fetched then.
    """

    def __init__(self, clock: Callable[[], float], short: Callable[[Budget, float], None] | None = None) -> None:
        self.now = clock
        self._short = short
        self.open: set[Held] = set()
        self._seen: dict[Held, tuple[float, int]] = {}
        """What was left of each hold at the last sweep, and for how many sweeps it has been that."""
        self._sweep_at = clock() + SWEEP_SECONDS

    def admit(self, plan: Plan, cost: Cost, *, now: float) -> Held | None:
        """Hold what the call needs of every budget, or of none and return None."""
        if now >= self._sweep_at:
            self.sweep(now)
        inputs, outputs = sizes(plan, cost)
        streams = plan.streams if cost.stream else ()
        # 1. Look at every budget.     Nothing is taken yet: a refusal leaves no trace.
        # 2. Take from every budget.   Nothing waits in between, so what was there still is.
        needs = ((plan.outputs, outputs), (plan.calls, 1.0), (plan.inputs, inputs), (streams, 1.0))
        for budgets, amount in needs:
            if budgets and not _has(budgets, amount, now):
                return None
        for budget in plan.calls:
            budget.level -= 1.0
            budget.used += 1.0
        for budget in plan.inputs:
            budget.holds += inputs
        for budget in plan.outputs:
            budget.holds += outputs
        for budget in streams:
            budget.holds += 1.0
        if plan.metered:
            plan.usage.add(CALLS, 1.0, now)
        held = Held(self, plan, cost, inputs, outputs)
        self.open.add(held)
        return held

    def short_of(self, plan: Plan, cost: Cost, *, now: float) -> Iterator[tuple[Budget, float]]:
        """Yield every budget with too little for the call, and how much that needs."""
        inputs, outputs = sizes(plan, cost)
        streams = plan.streams if cost.stream else ()
        for budgets, amount in ((plan.calls, 1.0), (plan.inputs, inputs), (plan.outputs, outputs), (streams, 1.0)):
            yield from ((budget, amount) for budget in budgets if not _has((budget,), amount, now))

    def top_up(self, held: Held) -> float:
        """Take what is lacking and the next block; if not even the former is there, return seconds to pause."""
        now, lacking = self.now(), max(-held.left, 0.0)
        if not held.is_open:
            return _charge_late(held, now)
        for budget in held.plan.outputs:
            budget.refill(now)
        room = min((room_for(b, held) for b in held.plan.outputs), default=inf)
        if room >= lacking + held.block:
            return self._grant(held, lacking + held.block, now)
        self._tell(held, lacking + held.block)
        if lacking == 0.0:
            return 0.0
        if room >= lacking:
            return self._grant(held, lacking, now)
        return self._pause(held, lacking, room, now)

    def settle_input(self, held: Held, input_tokens: float) -> None:
        """Charge the input as counted instead of as estimated, once."""
        if held.estimate < 0.0:
            return
        plan = held.plan
        if plan.inputs or plan.metered:
            now = self.now()
            _settle(plan.inputs, input_tokens, held.input_held, now)
            plan.usage.learn(held.estimate, input_tokens)
            if plan.metered:
                plan.usage.add(INPUT_TOKENS, input_tokens, now)
        held.estimate = -1.0

    def release(self, held: Held) -> None:
        """End a call: charge what it used, waited for or not, and give back the rest."""
        if not held.is_open:
            return
        held.is_open = False
        self.open.discard(held)
        now, used = self.now(), held.held - held.left
        if held.left < 0.0:
            leave_queues(held)
        _settle(held.plan.outputs, used, held.held, now)
        if held.stream:
            for budget in held.plan.streams:
                budget.holds -= 1.0
        if held.plan.metered:
            held.plan.usage.add(OUTPUT_TOKENS, used, now)
        if held.estimate >= 0.0:
            self.settle_input(held, held.input_held)
        held.held = held.left = 0.0

    def sweep(self, now: float) -> None:
        """Release holds whose stream is gone without a word."""
        self._sweep_at = now + SWEEP_SECONDS
        before, self._seen = self._seen, {}
        for held in list(self.open):
            left, idle = before.get(held, (held.left, 0))
            idle = idle + 1 if left == held.left else 0
            self._seen[held] = (held.left, idle)
            if idle > IDLE_SWEEPS:
                self.release(held)

    def _grant(self, held: Held, amount: float, now: float) -> float:
        if held.left < 0.0:
            leave_queues(held)
        self._book(held, now, and_hold=amount)
        held.left += amount
        return 0.0

    def _book(self, held: Held, now: float, *, and_hold: float = 0.0) -> None:
        """Take what was delivered out of the budgets, and hold more."""
        used = held.held - max(held.left, 0.0)
        for budget in held.plan.outputs:
            budget.level -= used
            budget.used += used
            budget.holds += and_hold - used
        held.held += and_hold - used
        if held.plan.metered and used:
            held.plan.usage.add(OUTPUT_TOKENS, used, now)

    def _pause(self, held: Held, lacking: float, room: float, now: float) -> float:
        """Queue for what is lacking. Whoever is first in every queue gathers what there is, so that nobody starves."""
        outputs = held.plan.outputs
        if any(held not in b.queue for b in outputs):
            self._book(held, now)
        queue_up(held, lacking)
        if room > 0.0 and all(next(iter(b.queue)) is held for b in outputs):
            for budget in outputs:
                budget.holds += room
            held.held += room
            held.left += room
            queue_up(held, lacking - room)
            if held.held > held.plan.smallest_burst / 2:
                # An answer larger than a budget can ever hold is paid in parts.
                self._book(held, now)
        return min(max(SHORTEST_PAUSE, *(seconds_to_wait(b, held, now) for b in outputs)), LONGEST_PAUSE)

    def _tell(self, held: Held, amount: float) -> None:
        if self._short is not None:
            for budget in held.plan.outputs:
                if budget.lease is not None and room_for(budget, held) < amount:
                    self._short(budget, amount)


def sizes(plan: Plan, cost: Cost) -> tuple[float, float]:
    """Return how much input and output a call holds at first."""
    return cost.input_tokens * plan.usage.input_factor, min(cost.output_hold * cost.weight, plan.largest_hold)


def _has(budgets: tuple[Budget, ...], amount: float, now: float) -> bool:
    # Budget.refill and Budget.free, written out: this is the hot path.
    for budget in budgets:
        passed = now - budget.at
        budget.at = now
        level = budget.level
        if passed > 0.0 and level < budget.burst:
            gained = passed * budget.rate
            level = budget.burst if gained > budget.burst - level else level + gained
            budget.level = level
        if level - budget.holds - budget.waiting < amount:
            return False
    return True


def _settle(budgets: tuple[Budget, ...], used: float, held: float, now: float) -> None:
    """End holds: charge what was used, whether it was held or not."""
    # Budget.refill and the common case of Budget.charge, written out: this is the hot path.
    for budget in budgets:
        passed = now - budget.at
        budget.at = now
        level = budget.level
        if passed > 0.0 and level < budget.burst:
            gained = passed * budget.rate
            level = budget.burst if gained > budget.burst - level else level + gained
        budget.level = level
        budget.holds -= held
        if used <= held:
            budget.level = level - used
            budget.used += used
        else:
            budget.charge(used)


def _charge_late(held: Held, now: float) -> float:
    """Charge output that comes after the hold lapsed: it must not be free."""
    longest = 0.0
    for budget in held.plan.outputs:
        budget.refill(now)
        budget.charge(-held.left)
        if budget.level < 0.0:
            rate = budget.whole_rate * budget.share
            longest = max(longest, -budget.level / rate if rate > 0.0 else LONGEST_PAUSE)
    held.left = 0.0
    return min(longest, LONGEST_PAUSE)
