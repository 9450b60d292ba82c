"""What the defences of the reasoning share: rows written anew without some of it, and no log-probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from stillwatch_lab.defences.defence import Answers
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.transcripts import read_lessons, write_lessons
from stillwatch_lab.world.world import World

STEP_WORDS = 7
"""A step of the reasoning: connective, operand, operation, operand, verb, result, closer."""
RESULT = 5
"""Which of them is the result."""

Words = tuple[str, ...]


def rewrite(answers: Answers, world: World, change: Callable[[list[Words]], Words]) -> Answers:
    """Replace each row's reasoning, given its steps.

    Log-probabilities of words that nobody sees would give them away, and hosts that hide reasoning give none: none
    are shown.
    """
    lessons = [
        Lesson(lesson.question, change(steps_of(lesson.reasoning)), lesson.answer)
        for lesson in read_lessons(world, answers.rows.ids)
    ]
    return replace(answers, rows=write_lessons(world, lessons), scores=None)


def steps_of(reasoning: Words) -> list[Words]:
    """Cut the reasoning into steps; the last may be short where the model stopped early."""
    return [reasoning[at : at + STEP_WORDS] for at in range(0, len(reasoning), STEP_WORDS)]
