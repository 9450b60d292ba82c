"""Intervals over seeds, queries to a share of the teacher's accuracy, and the ideal attacker's ceiling."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stillwatch_lab.world.questions import MIXTURE
from stillwatch_lab.world.world import World

STUDENTS_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Two-sided 95 % points for 1 to 9 degrees of freedom (any table of Student's t)."""
REDRAWN = 2_000
"""Bootstrap samples."""

Curve = Mapping[int, Sequence[float]]
"""Accuracies of the students, one a seed, by number of queries."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; None where the curve does not say, as at an end that was not measured."""

    value: float | None
    low: float | None
    high: float | None


def mean_over_seeds(values: Sequence[float]) -> Estimate:
    """Give the mean with Student's interval over seeds, cut to 0..1; no interval for one seed."""
    count = len(values)
    mean = math.fsum(values) / count
    if not 2 <= count <= len(STUDENTS_T) + 1:
        return Estimate(mean, None, None)
    spread = math.sqrt(_variance_of_mean(values)) * STUDENTS_T[count - 2]
    return Estimate(mean, max(0.0, mean - spread), min(1.0, mean + spread))


def difference(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Give mean minus mean with Welch's interval, by the fewer of the two degrees of freedom, which is the wider one.

    No interval where either has one seed.
    """
    value = math.fsum(one) / len(one) - math.fsum(other) / len(other)
    least = min(len(one), len(other))
    if not 2 <= least <= len(STUDENTS_T) + 1:
        return Estimate(value, None, None)
    half = STUDENTS_T[least - 2] * math.sqrt(_variance_of_mean(one) + _variance_of_mean(other))
    return Estimate(value, value - half, value + half)


def quotient(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Give mean by mean with a bootstrap over the seeds of both; nothing where ``other`` is all zero."""
    if not any(other):
        return Estimate(None, None, None)
    draw = random.Random(0)

    def redraw(values: Sequence[float]) -> float:
        return math.fsum(draw.choices(values, k=len(values)))

    redrawn = sorted(redraw(one) * len(other) / max(redraw(other), 1e-9) / len(one) for _ in range(REDRAWN))
    value = math.fsum(one) / len(one) / (math.fsum(other) / len(other))
    return Estimate(value, *_middle(redrawn))


def queries_to(curve: Curve, share: float, *, teacher: float) -> Estimate:
    """Say at how many queries the mean passes ``share`` of the teacher's accuracy, with a bootstrap over seeds.

    Interpolated on the logarithm of queries, at the first pass. None: below the least number of queries, or beyond the
    most; of an end of the interval, likewise.
    """
    draw = random.Random(0)
    redrawn = sorted(
        _crossing({n: draw.choices(values, k=len(values)) for n, values in curve.items()}, share * teacher)
        for _ in range(REDRAWN)
    )
    low, high = _middle(redrawn)
    return Estimate(_known(_crossing(curve, share * teacher)), _known(low), _known(high))


def ceiling(world: World, queries: float, *, mixture: Mapping[str, float] = MIXTURE) -> float:
    """Compute what a table learner that wastes nothing gets right after so many queries with whole reasoning.

    Each query of traffic shows ``steps_per_query`` facts of F, drawn evenly: c = 1 - exp(-steps · N / F) of them are
    known; a chain of k steps is right if all k are, and otherwise by chance.
    """
    known = 1 - math.exp(-steps_per_query(world, mixture=mixture) * queries / len(world.facts))
    whole = math.fsum(known**k for k in range(1, world.longest + 1)) / world.longest
    return whole + (1 - whole) / world.modulus


def steps_per_query(world: World, *, mixture: Mapping[str, float] = MIXTURE) -> float:
    """Count the facts that a query shows on average: chains are a part of traffic, and some are refused."""
    return mixture["chain"] * (1 + world.longest) / 2 * (1 - 1 / world.modulus)


def unit(world: World) -> float:
    """Give the queries that show as many facts as there are: the unit in which budgets transfer (docs/lab.md)."""
    return len(world.facts) / steps_per_query(world)


def accuracy_at(curve: Curve, queries: float, *, chance: float) -> float:
    """Read the mean curve at any number of queries: on the logarithm between points, from chance at one query."""
    points = [(1, chance), *((n, math.fsum(v) / len(v)) for n, v in sorted(curve.items()))]
    if queries <= 1:
        return chance
    for (n, low), (m, high) in pairwise(points):
        if queries <= m:
            return low + (high - low) * math.log(queries / n) / math.log(m / n)
    return points[-1][1]


def _variance_of_mean(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)


def _middle(redrawn: Sequence[float]) -> tuple[float, float]:
    """Give the ends of the middle 95 % of sorted bootstrap samples."""
    return redrawn[round(0.025 * (len(redrawn) - 1))], redrawn[round(0.975 * (len(redrawn) - 1))]


def _crossing(curve: Curve, level: float) -> float:
    """Find the first pass: -inf before the first point, inf after the last."""
    means = [(n, math.fsum(values) / len(values)) for n, values in sorted(curve.items())]
    if means[0][1] >= level:
        return -math.inf
    for (n, low), (m, high) in pairwise(means):
        if high >= level:
            return float(n * (m / n) ** ((level - low) / (high - low)))
    return math.inf


def _known(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None
