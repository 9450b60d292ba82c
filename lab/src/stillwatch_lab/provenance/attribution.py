"""Does it choose words as mine does? Likeness of word choice where it is free, ranked among controls."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stillwatch_lab.provenance.outcomes import Outcome, rank
from stillwatch_lab.provenance.usage import Usage

ATTENUATION = 0.5
"""Registered effect: a student at half the distance between the host's model and the nearest control."""


def find_distance(mine: Usage, other: Usage) -> float:
    """Measure total variation between word shares, averaged over contexts that both have; 1 where they share none."""
    both = (mine.seen > 0) & (other.seen > 0)
    if not bool(both.any()):
        return 1.0
    return float((mine.shares[both] - other.shares[both]).abs().sum(1).mean() / 2)


def examine_style(mine: Usage, suspect: Usage, controls: Sequence[Usage], *, alpha: float, queries: int) -> Outcome:
    """Rank the suspect's distance to the host's model among the controls'.

    A copied style has other causes than training on the host's answers (a common source of text, the same
    annotators): this is evidence of common origin, and never enough alone. Power is that of the rank test for the
    registered effect: whether half the nearest control's distance can be told from it, given how far two halves of
    the host's own text are apart.
    """
    distances = [find_distance(mine, control) for control in controls]
    distance = find_distance(mine, suspect)
    least = 1 / (len(controls) + 1)
    noise = _noise(mine, suspect)
    able = least <= alpha and noise < ATTENUATION * min(distances)
    return Outcome(
        test="attribution",
        statistic=distance,
        p_value=rank(-distance, [-d for d in distances]),
        least=least,
        power=1.0 if able else 0.0,
        queries=queries,
        notes=f"distance {distance:.3f}; controls {min(distances):.3f} to {max(distances):.3f}; "
        f"sampling noise alone gives {noise:.3f}.",
    )


def _noise(mine: Usage, suspect: Usage) -> float:
    """Expect this distance between two samples of one distribution, as large as the host's and the suspect's are.

    For shares p and n draws the mean absolute deviation of a share is sqrt(2 p (1 - p) / (pi n)) (normal
    approximation).
    """
    both = (mine.seen > 0) & (suspect.seen > 0)
    p = mine.shares[both]
    inverse = 1 / mine.seen[both] + 1 / suspect.seen[both]
    return (
        float(torch.sqrt(2 * p * (1 - p) * inverse[:, None] / torch.pi).sum(1).mean() / 2) if bool(both.any()) else 1.0
    )
