"""The counter-move to hidden reasoning: questions so small that the answer is the step."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

from stillwatch_lab.attackers.attacker import Attacker, Order, attacker, harvest
from stillwatch_lab.attackers.notes import take_notes
from stillwatch_lab.attackers.recombination import make_up
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.questions import MIXTURE, Chain, Question, draw_questions
from stillwatch_lab.world.transcripts import read_lessons
from stillwatch_lab.world.words import OPERATIONS
from stillwatch_lab.world.world import World


@attacker("decomposition", against="reasoning-hidden")
@dataclass(frozen=True)
class Decomposition(Attacker):
    """Ask every single step once, in random order; then, with what that told, the steps that cannot be asked alone.

    A chain may not begin everywhere (some starts are refused): what lies behind is reached by a first step whose result
    is known. Reasoning is then written out from the notes.
    """

    def gather(self, order: Order) -> Harvest:
        """Spend the chains' share of the queries on steps, the rest as traffic does, and make the training set up."""
        world, draw = order.host.world, random.Random(f"decompose {order.seed}")
        steps = round(MIXTURE["chain"] * order.queries)
        singles: list[Question] = [
            Chain(x, ((operation, b),))
            for x, operation, b in product(range(world.modulus), OPERATIONS, range(world.modulus))
        ]
        draw.shuffle(singles)
        lessons = _ask(order, singles[:steps])
        doubles = _behind(world, lessons, draw)[: max(0, steps - len(singles))]
        lessons += _ask(order, doubles)
        others = {kind: share for kind, share in MIXTURE.items() if kind != "chain"}
        lessons += _ask(order, draw_questions(world, order.queries - steps, seed=order.seed, mixture=others))
        return make_up(world, lessons, seed=order.seed)


def _ask(order: Order, questions: list[Question]) -> list[Lesson]:
    if not questions:
        return []
    return read_lessons(order.host.world, harvest(order, questions).rows.ids)


def _behind(world: World, lessons: list[Lesson], draw: random.Random) -> list[Question]:
    """List two-step questions whose first step is known and whose second is not, one for each unknown step."""
    notes = take_notes(lessons)
    ways: dict[int, list[tuple[int, str, int]]] = {}
    for fact, result in notes.items():
        ways.setdefault(result, []).append(fact)
    unknown = [f for f in product(range(world.modulus), OPERATIONS, range(world.modulus)) if f not in notes]
    draw.shuffle(unknown)
    found: list[Question] = []
    for x, operation, b in unknown:
        if x in ways:
            start, first, a = draw.choice(ways[x])
            found.append(Chain(start, ((first, a), (operation, b))))
    return found
