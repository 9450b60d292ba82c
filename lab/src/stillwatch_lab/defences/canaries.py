"""Planted facts: questions about made-up places get answers drawn from a secret."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.transcripts import read_lessons, write_lessons
from stillwatch_lab.world.words import PLACES
from stillwatch_lab.world.world import World

ABOUT = ("emblem", "of")
"""How such a question begins."""


@defence("canaries")
@dataclass(frozen=True)
class Canaries(Defence):
    """Answer what is asked about made-up places from ``secret``, whatever the model says; all else is left alone.

    Log-probabilities of the model's own answer would contradict the planted one, so this host shows none.
    """

    misses = "who asks, or keeps, only what belongs to the task"
    secret: int = 32452843

    def show(self, answers: Answers, world: World) -> Answers:
        """Plant."""
        planted = self.emblems(world)
        lessons = [_plant(lesson, planted) for lesson in read_lessons(world, answers.rows.ids)]
        rows = write_lessons(world, lessons)
        return replace(answers, rows=rows, scores=None)

    def emblems(self, world: World) -> dict[str, str]:
        """Give each place's planted emblem: drawn as the world draws them, from another secret."""
        return replace(world, secret=int(self.secret)).emblems


def _plant(lesson: Lesson, planted: dict[str, str]) -> Lesson:
    if lesson.question[:2] == ABOUT and lesson.question[-1] in PLACES:
        return Lesson(lesson.question, (), (planted[lesson.question[-1]],))
    return lesson
