"""The counter-move to limits: learn the facts from few answers, and make the training set up from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.notes import compose_lessons, read_chain, take_notes
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.transcripts import Transcripts, read_lessons, write_lessons
from stillwatch_lab.world.world import World

COMPOSED = 1_400
"""Chains made up, about as many as 2,000 queries of traffic have."""
OTHERS = 600
"""Rows of everything else, repeated to this number, so that the proportions stay traffic's."""


@attacker("recombination", against="rate limits")
@dataclass(frozen=True)
class Recombination(Attacker):
    """Comes near the ideal attacker of the ceiling: it knows the language and wastes nothing that it was told.

    For a real task there is such a reader only where solutions can be taken apart and checked.
    """

    def gather(self, order: Order) -> Harvest:
        """Ask as everybody does, take notes, compose."""
        world = order.host.world
        lessons = read_lessons(world, harvest(order, ask_as_traffic(order)).rows.ids)
        return make_up(world, lessons, seed=order.seed)


def make_up(world: World, lessons: list[Lesson], *, seed: str) -> Harvest:
    """Make a training set of composed chains and whatever else was answered; refusals of chains are not wanted."""
    notes = take_notes(lessons)
    others = [one for one in lessons if read_chain(one.question) is None]
    if not notes:
        return Harvest(write_lessons(world, lessons))
    composed = write_lessons(world, compose_lessons(notes, COMPOSED, longest=world.longest, seed=seed))
    if not others:
        return Harvest(composed)
    rest = write_lessons(world, others)
    again = np.arange(OTHERS) % len(others)
    return Harvest(
        Transcripts(
            np.concatenate([composed.ids, rest.ids[again]]), np.concatenate([composed.prompts, rest.prompts[again]])
        )
    )
