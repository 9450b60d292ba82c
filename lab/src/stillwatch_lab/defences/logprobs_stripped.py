"""No log-probabilities: text alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.world.world import World


@defence("logprobs-stripped")
@dataclass(frozen=True)
class Stripped(Defence):
    """Show none."""

    misses = "who asks the same several times: counts of samples are the probabilities, at k queries for k samples"

    def show(self, answers: Answers, _world: World) -> Answers:
        """Leave the text."""
        return replace(answers, scores=None)
