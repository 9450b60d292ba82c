"""Log-probabilities rounded to a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.world.world import World


@defence("logprobs-rounded")
@dataclass(frozen=True)
class Rounded(Defence):
    """Round each to a multiple of ``nats``; what rounds to less than ``lowest`` is not shown.

    The coarse default still tells a likely word from an unlikely one, which is most of what a student wants to know.
    """

    misses = "a student: rounding errors are noise that it averages over thousands of answers"
    nats: float = 1.0
    lowest: float = -8.0

    def show(self, answers: Answers, _world: World) -> Answers:
        """Round, and give what was cut off no mass; callers see numbers that do not quite add up to one."""
        if answers.scores is None:
            return answers
        grid = (answers.scores.float() / self.nats).round() * self.nats
        shown = torch.where(grid < self.lowest, float("-inf"), grid)
        return replace(answers, scores=shown.to(answers.scores.dtype))
