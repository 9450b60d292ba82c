"""What a call would have lost to each effect, and sums of that by rule, action and account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from stillwatch.gateway.nouns import Action, Ask, Effect

STOPS = frozenset({Action.SUSPEND, Action.ASK_VERIFICATION})


@dataclass(frozen=True, slots=True)
class Used:
    """What one call used, as the log has it. ``revenue`` is at list price, of it ``output_revenue`` for the output."""

    input_tokens: int
    output_tokens: int
    revenue: float
    output_revenue: float
    seconds: float


@dataclass(slots=True)
class Sums:
    """Sums over calls that a rule touched.

    ``withheld`` tokens and ``forgone`` revenue would not have been had; ``slower_seconds`` is what pacing adds to
    answers; ``spared`` are calls that an ``allow`` took out of the rule's hands, and are in no other sum.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    revenue: float = 0.0
    withheld_tokens: float = 0.0
    forgone: float = 0.0
    slower_seconds: float = 0.0
    spared: int = 0

    def add(self, used: Used, withheld: float = 0.0, slower: float = 0.0) -> None:
        """Count a call of which this share (0 to 1) would have been withheld, ``slower`` seconds longer."""
        self.calls += 1
        self.input_tokens += used.input_tokens
        self.output_tokens += used.output_tokens
        self.revenue += used.revenue
        self.slower_seconds += slower
        if withheld:
            self.withheld_tokens += withheld * used.output_tokens
            self.forgone += used.revenue if withheld >= 1.0 else withheld * used.output_revenue


def withheld(effect: Effect, ask: Ask, used: Used) -> float:
    """Return the share of the answer that the effect would have kept back: 1 where it stops the call."""
    if effect.action in STOPS:
        return 1.0
    if effect.amount is None or not used.output_tokens:
        return 0.0
    if effect.action is Action.CAP_N:
        return max(0.0, 1.0 - effect.amount / ask.n)
    if effect.action is Action.CAP_OUTPUT_TOKENS:
        return max(0.0, 1.0 - effect.amount * ask.n / used.output_tokens)
    return 0.0


def slower(effect: Effect, used: Used) -> float:
    """Return how many seconds longer the answer would have taken under pacing."""
    if effect.action is not Action.PACE or not effect.amount:
        return 0.0
    return max(0.0, used.output_tokens / effect.amount - used.seconds)


def total(sums: Mapping[str, Sums], accounts: Iterable[str] | None = None) -> dict[str, float]:
    """Add up the sums of these accounts (None = all), with how many of them there are."""
    chosen = list(sums.values()) if accounts is None else [sums[a] for a in accounts if a in sums]
    touched = sum(1 for s in chosen if s.calls)
    added: dict[str, float] = {"accounts": touched}
    for field in fields(Sums):
        value = sum(getattr(s, field.name) for s in chosen)
        added[field.name] = round(value, 6) if isinstance(value, float) else value
    return added
