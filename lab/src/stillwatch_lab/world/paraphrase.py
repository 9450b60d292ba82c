"""An attacker's rewrite of what it harvested: every synonym drawn anew, the facts kept."""

from __future__ import annotations

import random
from collections.abc import Sequence

from stillwatch_lab.world.lessons import COMMON_WEIGHTS, Lesson
from stillwatch_lab.world.words import STYLE


def paraphrase(lessons: Sequence[Lesson], *, seed: int | str) -> list[Lesson]:
    """Replace each connective, verb and closer by one drawn as the language uses them.

    The strongest paraphrase there is here: the attacker knows every synonym and leaves none, so no watermark can
    survive it.
    """
    draw = random.Random(f"paraphrase {seed}")
    return [Lesson(lesson.question, _reword(lesson.reasoning, draw), lesson.answer) for lesson in lessons]


def _reword(words: tuple[str, ...], draw: random.Random) -> tuple[str, ...]:
    return tuple(_synonym(word, draw) for word in words)


def _synonym(word: str, draw: random.Random) -> str:
    for synonyms in STYLE:
        if word in synonyms:
            return draw.choices(synonyms, weights=COMMON_WEIGHTS)[0]
    return word
