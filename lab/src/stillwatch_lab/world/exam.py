"""Questions with one right answer, and marks for the answers given."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch_lab.world.questions import Chain, Question, Sort, draw_questions
from stillwatch_lab.world.world import World


def draw_exam(world: World, count: int, *, kind: str, seed: str = "exam") -> list[Question]:
    """Draw ``count`` chains or sorts that are to be answered, not refused; nobody who trains knows the seed."""
    asked: list[Question] = []
    batch = 0
    while len(asked) < count:
        drawn = draw_questions(world, 2 * count, seed=f"{seed} {batch}", mixture={kind: 1.0})
        asked += [q for q in drawn if not (isinstance(q, Chain) and q.start == world.refused_start)]
        batch += 1
    return asked[:count]


def mark_answers(world: World, questions: Sequence[Question], answers: Sequence[tuple[str, ...]]) -> list[bool]:
    """Say which answers are right. Raises TypeError for a kind of question that has no single right answer."""
    return [answer == _truth(world, question) for question, answer in zip(questions, answers, strict=True)]


def _truth(world: World, question: Question) -> tuple[str, ...]:
    match question:
        case Chain(start, steps):
            return (str(world.result(start, steps)),)
        case Sort(digits):
            return tuple(str(digit) for digit in sorted(digits))
    raise TypeError(f"{type(question).__name__} has no single right answer")
