"""The results of each step instead of the steps: what a summary of reasoning leaves."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.defences.reasoning import RESULT, rewrite
from stillwatch_lab.world.world import World


@defence("reasoning-summarised")
@dataclass(frozen=True)
class Summarised(Defence):
    """Show one word a step, its result."""

    misses = "a student, and who writes the steps out again around the results"

    def show(self, answers: Answers, world: World) -> Answers:
        """Keep the results."""
        return rewrite(answers, world, lambda steps: tuple(step[RESULT] for step in steps if len(step) > RESULT))
