"""A limiter whose clock the test turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.hold import Held
from stillwatch.gateway.limits.ledger import Ledger
from stillwatch.gateway.limits.plan import Plan
from stillwatch.gateway.limits.plans import Plans
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Cost, Subjects
from stillwatch.gateway.settings import LimitRule


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def tokens(level: Level = Level.ACCOUNT, *, per_minute: float = 6000.0, burst: float | None = None) -> LimitRule:
    return LimitRule(level, Unit.OUTPUT_TOKENS, per_minute=per_minute, burst=burst)


@dataclass
class Books:
    """A ledger and the plans for it."""

    rules: Sequence[LimitRule]
    most: int = 1000
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.clock)
        rules = LimitRules(self.rules)
        self.plans = Plans(rules, clock=self.clock, share=1.0, shared=False, most=self.most)

    def plan(self, account: str = "alice", campaign: str | None = None, *, factor: float = 1.0) -> Plan:
        return self.plans.of(Subjects(account, "acme", campaign, "big"), limit_factor=factor)

    def budget(self, account: str = "alice", at: int = 0) -> Budget:
        return self.plan(account).budgets()[at]

    def admit(
        self,
        account: str = "alice",
        *,
        hold: float = 1024.0,
        inputs: float = 0.0,
        weight: float = 1.0,
        stream: bool = True,
        factor: float = 1.0,
    ) -> Held | None:
        cost = Cost(inputs, hold, stream=stream, weight=weight, limit_factor=factor)
        return self.ledger.admit(self.plan(account, factor=factor), cost, now=self.clock())

    def admitted(self, account: str = "alice", **cost: float) -> Held:
        held = self.admit(account, **cost)  # type: ignore[arg-type]
        assert held is not None
        return held
