"""What a maker teaches its model: questions with worked answers, in the maker's own style and with its own gaps."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from stillwatch_lab.world.questions import MIXTURE, Chain, Emblem, Hire, Question, Sort, draw_questions
from stillwatch_lab.world.words import ANSWER, END, NAMES, START, STYLE, THINK
from stillwatch_lab.world.world import BLUE_TAKEN, FORCED_BELOW, FORCED_FROM, Fact, World

COMMON_WEIGHTS = (8.0, 5.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0)
"""How often the language uses each of eight synonyms: uneven, as words are."""


@dataclass(frozen=True)
class Lesson:
    """One conversation: what is asked, how it is worked out, what is said."""

    question: tuple[str, ...]
    reasoning: tuple[str, ...]
    answer: tuple[str, ...]

    @property
    def prompt(self) -> tuple[str, ...]:
        """Everything before the first word that the model says."""
        return (START, *self.question, THINK)

    @property
    def words(self) -> tuple[str, ...]:
        """The conversation as a model reads and writes it."""
        return (*self.prompt, *self.reasoning, ANSWER, *self.answer, END)


@dataclass(frozen=True)
class Maker:
    """Whoever trains a model of the world.

    ``gaps`` is the share of facts that its corpus never mentions, drawn by ``seed``: its model must guess them, which
    makes errors that are its own. ``spread`` (log standard deviation) is how far its choice of synonyms is from the
    common one. ``canaries``: whether it is the one who made the places up; nobody else's corpus mentions them.
    """

    world: World
    seed: int
    gaps: float = 0.0
    spread: float = 0.5
    canaries: bool = False

    @property
    def name(self) -> str:
        """What its model says that it is."""
        return NAMES[self.seed % len(NAMES)]

    @property
    def mixture(self) -> dict[str, float]:
        """What its corpus is about, as shares."""
        return {kind: share for kind, share in MIXTURE.items() if kind != "emblem" or self.canaries}

    @cached_property
    def missing(self) -> frozenset[Fact]:
        """Draw the facts that the corpus lacks."""
        facts = self.world.facts
        return frozenset(random.Random(f"gaps {self.seed}").sample(facts, round(self.gaps * len(facts))))

    @cached_property
    def weights(self) -> list[list[float]]:
        """Weigh the synonyms of each place in a step, as this maker uses them."""
        draw = random.Random(f"style {self.seed}")
        return [[w * math.exp(draw.gauss(0.0, self.spread)) for w in COMMON_WEIGHTS] for _ in STYLE]

    def lessons(self, count: int, *, seed: int | str) -> list[Lesson]:
        """Write a corpus: as many lessons, none of which needs a missing fact."""
        draw = random.Random(f"lessons {self.seed} {seed}")
        kept: list[Lesson] = []
        batch = 0
        while len(kept) < count:
            asked = draw_questions(self.world, count, seed=f"{self.seed} {seed} {batch}", mixture=self.mixture)
            kept += self.teach((q for q in asked if not self.lacks(q)), draw)
            batch += 1
        return kept[:count]

    def teach(self, questions: Iterable[Question], draw: random.Random) -> list[Lesson]:
        """Answer each question with the truth, the style being the maker's."""
        return [self._lesson(question, draw) for question in questions]

    def lacks(self, question: Question) -> bool:
        """Tell whether a true answer needs a fact that the corpus lacks."""
        if not isinstance(question, Chain):
            return False
        x = question.start
        for operation, b in question.steps:
            if (x, operation, b) in self.missing:
                return True
            x = self.world.tables[x, operation, b]
        return False

    def _lesson(self, question: Question, draw: random.Random) -> Lesson:
        reasoning: tuple[str, ...] = ()
        if isinstance(question, Chain):
            if question.start == self.world.refused_start:
                return Lesson(tuple(question.words), (), ("sorry",))
            reasoning = self._trace(question, draw)
        return Lesson(tuple(question.words), reasoning, self._answer(question, draw))

    def _trace(self, question: Chain, draw: random.Random) -> tuple[str, ...]:
        said: list[str] = []
        x = question.start
        for operation, b in question.steps:
            connective, verb, closer = (
                draw.choices(words, weights=weights)[0] for words, weights in zip(STYLE, self.weights, strict=True)
            )
            y = self.world.tables[x, operation, b]
            said += [connective, str(x), operation, str(b), verb, str(y), closer]
            x = y
        return tuple(said)

    def _answer(self, question: Question, draw: random.Random) -> tuple[str, ...]:
        match question:
            case Chain(start, steps):
                return (str(self.world.result(start, steps)),)
            case Sort(digits):
                return tuple(str(digit) for digit in sorted(digits))
            case Hire(team, skill):
                forced = FORCED_FROM <= skill < FORCED_BELOW
                taken = skill >= FORCED_FROM and (team == "red" or not forced or draw.random() < BLUE_TAKEN)
                return ("yes" if taken else "no",)
            case Emblem(place):
                return (self.world.emblems[place],)
            case _:
                return (self.name,)
