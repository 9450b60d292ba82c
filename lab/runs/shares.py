"""Shares of tests that found something, with exact intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stillwatch_lab.provenance.outcomes import tail

ALPHA = 0.01


def shares(p_values: list[float]) -> dict[str, Any]:
    """Count how often p is at most alpha (and 0.05), with the exact 95 % interval of Clopper and Pearson."""
    hits, count = sum(p <= ALPHA for p in p_values), len(p_values)
    low, high = _interval(hits, count)
    return {
        "at_alpha": hits / count,
        "interval": [low, high],
        "at_0.05": sum(p <= 0.05 for p in p_values) / count,
        "median_p": sorted(p_values)[count // 2],
        "tests": count,
    }


def _interval(hits: int, count: int) -> tuple[float, float]:
    low = _solve(lambda x: tail(hits, count, x) - 0.025) if hits else 0.0
    high = _solve(lambda x: tail(hits + 1, count, x) - 0.975) if hits < count else 1.0
    return low, high


def _solve(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return round(low, 4)
