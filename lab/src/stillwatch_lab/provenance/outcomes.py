"""What a test found, what it could have found, and the rule that keeps many tests from finding something by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ENOUGH_POWER = 0.8
"""Below it a test that finds nothing says nothing (the convention of experimental design, Cohen 1988)."""


class Verdict(StrEnum):
    """The three things that a test may say."""

    FOUND = "found"
    NOT_FOUND = "not found"
    CANNOT_CONCLUDE = "cannot conclude"


@dataclass(frozen=True)
class Outcome:
    """One test of one suspect.

    ``power`` is the chance, at the queries used, of finding the effect that was registered, if it is there; ``least``
    the smallest p-value that the null can give.
    """

    test: str
    statistic: float
    p_value: float
    least: float
    power: float
    queries: int
    notes: str


def adjust(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p-values so that the chance of one false find among all tests stays below alpha (Holm 1979)."""
    ordered = sorted(p_values, key=lambda test: p_values[test])
    adjusted: dict[str, float] = {}
    highest = 0.0
    for place, test in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p_values[test]))
        adjusted[test] = highest
    return adjusted


def judge(outcome: Outcome, adjusted: float, *, alpha: float) -> Verdict:
    """Say what the outcome means. A test that finds nothing must have been able to find something."""
    if adjusted <= alpha:
        return Verdict.FOUND
    return Verdict.NOT_FOUND if outcome.power >= ENOUGH_POWER else Verdict.CANNOT_CONCLUDE


def tail(successes: int, trials: int, chance: float) -> float:
    """Give the probability of at least ``successes`` in ``trials`` (exact binomial)."""
    terms = (math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(successes, trials + 1))
    return min(1.0, math.fsum(terms)) if successes > 0 else 1.0


def needed(trials: int, chance: float, alpha: float) -> int:
    """Find the fewest successes whose tail is at most ``alpha``; ``trials + 1`` if none is."""
    return next((k for k in range(trials + 1) if tail(k, trials, chance) <= alpha), trials + 1)


def rank(suspect: float, controls: list[float]) -> float:
    """Give the p-value of the suspect's rank among the controls, ties against the claim."""
    return (1 + sum(value >= suspect for value in controls)) / (1 + len(controls))


def normal_above(z: float) -> float:
    """Give the probability of a standard normal above ``z``."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def critical(alpha: float) -> float:
    """Find the z that a standard normal exceeds with probability ``alpha``, by bisection."""
    low, high = -10.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if normal_above(middle) > alpha else (low, middle)
    return low
