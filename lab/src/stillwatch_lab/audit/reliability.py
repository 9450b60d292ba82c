"""Whether a model says the same when it is asked again, and is right each time: accuracy alone does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch_lab.audit.shares import Share, count


@dataclass(frozen=True)
class Reliability:
    """Of questions asked ``draws`` times at temperature 1.

    ``same``: every answer was the same. ``always_right`` (pass^k) and ``once_right`` (pass@k): right in all draws, and
    in one at least; what lies between them is luck. ``empty``: of all answers, those without any text.
    """

    draws: int
    same: Share
    always_right: Share
    once_right: Share
    empty: Share


def find_reliability(truth: Sequence[str], answers: Sequence[str], *, draws: int) -> Reliability:
    """Count; ``answers`` holds ``draws`` answers to each question, question by question."""
    groups = [answers[start : start + draws] for start in range(0, len(answers), draws)]
    right = [[said == wanted for said in group] for wanted, group in zip(truth, groups, strict=True)]
    return Reliability(
        draws=draws,
        same=count([len(set(group)) == 1 for group in groups]),
        always_right=count([all(flags) for flags in right]),
        once_right=count([any(flags) for flags in right]),
        empty=count([not said for said in answers]),
    )
