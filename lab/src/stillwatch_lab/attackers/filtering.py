"""The counter-move to answers made worse on purpose: keep what most answers to a question agree on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from stillwatch_lab.attackers.attacker import Attacker, Order, attacker
from stillwatch_lab.attackers.repeated_sampling import SAMPLES, RepeatedSampling
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.transcripts import Transcripts, read_lessons


@attacker("filtering", against="antidistillation, temperature")
@dataclass(frozen=True)
class Filtering(Attacker):
    """Majority vote over the samples of a question; reasoning that does not end in the answer is dropped too."""

    def gather(self, order: Order) -> Harvest:
        """Ask each question several times, keep the answers of the majority."""
        rows = RepeatedSampling().gather(order).rows
        lessons = read_lessons(order.host.world, rows.ids)
        kept = np.array([at for at, lesson in enumerate(lessons) if lesson.answer == _vote(lessons, at)])
        sound = np.array([at for at in kept if _ends_in_answer(lessons[at])])
        chosen = sound if len(sound) else kept
        return Harvest(Transcripts(rows.ids[chosen], rows.prompts[chosen]))


def _vote(lessons: list[Lesson], at: int) -> tuple[str, ...]:
    first = at - at % SAMPLES
    answers = Counter(lesson.answer for lesson in lessons[first : first + SAMPLES])
    return answers.most_common(1)[0][0]


def _ends_in_answer(lesson: Lesson) -> bool:
    """Look whether the last step's result is the answer, where there are steps: all that a stranger can check."""
    return not lesson.reasoning or lesson.answer == lesson.reasoning[-2:-1]
