"""Simulated time: callers are generators that yield the seconds they wait; what is delivered is written down."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from itertools import count

from stillwatch.gateway.limits.hold import Held
from stillwatch.gateway.limits.ledger import Ledger
from stillwatch.gateway.limits.plans import Plans
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, Subjects
from stillwatch.gateway.settings import LimitRule

PER_MINUTE = 60_000.0
CHUNK = 16.0
"""Tokens an upstream sends at once in these simulations."""

Caller = Generator[float, None, None]


@dataclass
class World:
    """One clock and everybody in it; ``delivered`` is (second, weighted tokens)."""

    now: float = 0.0
    delivered: list[tuple[float, float]] = field(default_factory=list)
    paused_seconds: float = 0.0
    _due: list[tuple[float, int, Caller]] = field(default_factory=list)
    _order: Iterable[int] = field(default_factory=count)

    def clock(self) -> float:
        """Return the simulated time."""
        return self.now

    def start(self, caller: Caller, *, after: float = 0.0) -> None:
        """Let a caller begin."""
        heapq.heappush(self._due, (self.now + after, next(iter(self._order)), caller))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._due and self._due[0][0] <= until:
            self.now, _, caller = heapq.heappop(self._due)
            wait = next(caller, None)
            if wait is not None:
                self.start(caller, after=wait)
        self.now = until

    def deliver(self, tokens: float) -> None:
        """Write down what a caller got."""
        self.delivered.append((self.now, tokens))

    def total(self) -> float:
        """Return all that was delivered."""
        return sum(tokens for _, tokens in self.delivered)

    def peak(self, seconds: float = 60.0) -> float:
        """Return the most that was delivered in any window of this length."""
        most = inside = 0.0
        first = 0
        for at, tokens in self.delivered:
            inside += tokens
            while self.delivered[first][0] <= at - seconds:
                inside -= self.delivered[first][1]
                first += 1
            most = max(most, inside)
        return most


@dataclass
class Gate:
    """A limiter without its network, in a simulated world."""

    world: World
    rules: list[LimitRule] = field(
        default_factory=lambda: [LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=PER_MINUTE)]
    )
    pauses: bool = True
    """False: the relay hands on what it has and lets the budget owe, as a comparison."""

    def __post_init__(self) -> None:
        rules = LimitRules(self.rules)
        self.ledger = Ledger(self.world.clock)
        self.plans = Plans(rules, clock=self.world.clock, share=1.0, shared=False, most=100_000)

    def admit(self, account: str, *, hold: float = 1024.0, weight: float = 1.0) -> Held | None:
        """Admit a stream of this account to the model, or return None."""
        plan = self.plans.of(Subjects(account, "organization", "campaign", "model"), limit_factor=1.0)
        cost = Cost(input_tokens=0.0, output_hold=hold, stream=True, weight=weight)
        return self.ledger.admit(plan, cost, now=self.world.now)

    def hand_on(self, held: Held, tokens: float) -> Caller:
        """Deliver tokens as the relay does: capture, pause while told to, hand on."""
        pause = held.capture(tokens)
        while pause > 0.0 and self.pauses:
            self.world.paused_seconds += pause
            yield pause
            pause = held.capture(0.0)
        self.world.deliver(tokens * held.weight)

    def answer(self, held: Held, tokens: float, *, per_second: float, chunk: float = CHUNK) -> Caller:
        """Deliver a whole answer at the model's pace, and end it."""
        left = tokens
        while left > 0.0:
            part = min(chunk, left)
            yield part / per_second
            yield from self.hand_on(held, part)
            left -= part
        held.release()


def again(
    world: World, attempt: Callable[[], Held | None], *, every: float, until: float
) -> Generator[float, None, Held | None]:
    """Try until admitted or too late."""
    while world.now < until:
        held = attempt()
        if held is not None:
            return held
        yield every
    return None
