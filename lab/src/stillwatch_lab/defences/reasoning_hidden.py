"""Answers without any reasoning."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.defences.reasoning import rewrite
from stillwatch_lab.world.world import World


@defence("reasoning-hidden")
@dataclass(frozen=True)
class Hidden(Defence):
    """Show the answer alone; the caller pays for the reasoning all the same."""

    misses = "who asks questions so small that the answer is the reasoning, and tasks that have none"

    def show(self, answers: Answers, world: World) -> Answers:
        """Drop every step."""
        return rewrite(answers, world, lambda _steps: ())
