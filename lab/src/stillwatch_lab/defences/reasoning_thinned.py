"""Every second step of the reasoning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.defences.reasoning import rewrite
from stillwatch_lab.world.world import World


@defence("reasoning-thinned")
@dataclass(frozen=True)
class Thinned(Defence):
    """Show the first step, the third and so on."""

    misses = "a student: what is left says where the missing step began and ended"

    def show(self, answers: Answers, world: World) -> Answers:
        """Keep every second step."""
        return rewrite(answers, world, lambda steps: tuple(chain.from_iterable(steps[::2])))
