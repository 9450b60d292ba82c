"""The budgets that calls of one set of subjects draw on, ready for the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from stillwatch.gateway.limits.budget import Budget
from stillwatch.gateway.limits.usage import Usage
from stillwatch.gateway.nouns import Level, Unit

LARGEST_PART = 4
"""A hold takes at most this fraction of the smallest burst, so that a small budget can serve a stream at all."""


@dataclass(slots=True, eq=False)
class Plan:
    """Budgets by unit, and the account's recent use. ``metered``: whether use is counted, as only campaigns need it."""

    calls: tuple[Budget, ...]
    inputs: tuple[Budget, ...]
    outputs: tuple[Budget, ...]
    streams: tuple[Budget, ...]
    usage: Usage
    metered: bool = False
    smallest_burst: float = field(default=inf, init=False)
    largest_hold: float = field(default=inf, init=False)
    of_account: tuple[Budget, ...] = field(default=(), init=False)
    """Those of the account's own level."""

    def __post_init__(self) -> None:
        self.of_account = tuple(b for b in self.budgets() if b.key.level is Level.ACCOUNT)
        self.resize()

    def resize(self) -> None:
        """Work out the largest hold anew, after a budget changed its size."""
        self.smallest_burst = min((b.whole_burst * b.share for b in self.outputs), default=inf)
        self.largest_hold = self.smallest_burst / LARGEST_PART

    def budgets(self) -> tuple[Budget, ...]:
        """Return all of them."""
        return self.calls + self.inputs + self.outputs + self.streams


def plan_of(budgets: Iterable[Budget], usage: Usage, *, metered: bool) -> Plan:
    """Sort budgets by unit."""
    units: dict[Unit, list[Budget]] = {unit: [] for unit in Unit}
    for budget in budgets:
        units[budget.key.unit].append(budget)
    return Plan(
        calls=tuple(units[Unit.CALLS]),
        inputs=tuple(units[Unit.INPUT_TOKENS]),
        outputs=tuple(units[Unit.OUTPUT_TOKENS]),
        streams=tuple(units[Unit.STREAMS]),
        usage=usage,
        metered=metered,
    )
