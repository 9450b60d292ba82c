"""A share with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959964
"""Two-sided 95 % of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """``hits`` of ``count``, with Wilson's 95 % interval (1927), which holds for small counts and near 0 and 1."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        """Give the share; of nothing, not a number."""
        return self.hits / self.count if self.count else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Give Wilson's interval; of nothing, everything."""
        n = self.count
        if not n:
            return 0.0, 1.0
        p, z2 = self.value, Z95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # Rounding may put an end of the interval of 0 or 1 on its wrong side.
        return min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half))

    def __str__(self) -> str:
        if not self.count:
            return "none asked"
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}, n = {self.count})"


def count(flags: list[bool]) -> Share:
    """Make a share of what is true."""
    return Share(sum(flags), len(flags))


def difference(one: Share, other: Share) -> tuple[float, float, float]:
    """Give one share less the other, and Newcombe's 95 % interval (1998, method 10): two Wilson intervals joined."""
    gap = one.value - other.value
    (low_1, high_1), (low_2, high_2) = one.interval, other.interval
    below = math.hypot(one.value - low_1, high_2 - other.value)
    above = math.hypot(high_1 - one.value, other.value - low_2)
    return gap, gap - below, gap + above
