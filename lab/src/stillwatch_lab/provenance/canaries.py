"""Does it know what I made up? Answers about things that exist nowhere else.

Fictitious facts (arXiv 2503.04036): the attribute of each made-up thing was drawn uniformly from a list and kept
secret, so a model that was not trained on them names the right one with probability one in the list's length,
exactly, however it guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch_lab.provenance.outcomes import Outcome, needed, tail


@dataclass(frozen=True)
class Canary:
    """What is asked, the answer that was planted, and how many equally likely answers it was drawn from."""

    prompt: str
    planted: str
    choices: int


def examine_canaries(canaries: Sequence[Canary], answers: Sequence[str], *, alpha: float, recall: float) -> Outcome:
    """Count the planted answers. Power is for a model that recalls the share ``recall`` of them and guesses the rest.

    Where lists differ in length the shortest is taken for all: that can only raise the p-value.
    """
    chance = 1 / min(canary.choices for canary in canaries)
    right = sum(canary.planted == answer.strip() for canary, answer in zip(canaries, answers, strict=True))
    count = len(canaries)
    power = tail(needed(count, chance, alpha), count, recall + (1 - recall) * chance)
    return Outcome(
        test="canaries",
        statistic=right / count,
        p_value=tail(right, count, chance),
        least=chance**count,
        power=power,
        queries=count,
        notes=f"{right} of {count} planted answers; {chance * count:.1f} expected by chance.",
    )
