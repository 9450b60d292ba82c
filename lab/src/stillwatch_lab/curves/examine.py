"""What students can do, all asked at once: chains by length, sorts, planted facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.sampling import Sampling, sample
from stillwatch_lab.world.exam import draw_exam, mark_answers
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.questions import Chain, Emblem, Question
from stillwatch_lab.world.transcripts import read_lessons, write_prompts
from stillwatch_lab.world.words import PLACES
from stillwatch_lab.world.world import World

CHAINS, SORTS = 400, 100
"""Questions: a standard error of at most 0.025 for chains, below the spread of seeds (lab/LOG.md)."""


@dataclass(frozen=True)
class Examined:
    """Shares right, greedily decoded; ``canaries_right`` of the 16 places."""

    chains_right: float
    by_length: tuple[float, ...]
    sorts_right: float
    canaries_right: int

    def record(self) -> dict[str, Any]:
        """Give the numbers as JSON holds them."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def examine(models: Decoders, world: World, planted: Sequence[dict[str, str]]) -> list[Examined]:
    """Examine every member; ``planted`` has each one's emblems of the places."""
    chains, sorts = draw_exam(world, CHAINS, kind="chain"), draw_exam(world, SORTS, kind="sort")
    emblems: list[Question] = [Emblem(place) for place in PLACES]
    heard = _ask(models, world, [*chains, *sorts, *emblems])
    return [_mark(world, chains, sorts, lessons, own) for lessons, own in zip(heard, planted, strict=True)]


def _mark(
    world: World, chains: list[Question], sorts: list[Question], lessons: list[Lesson], planted: dict[str, str]
) -> Examined:
    answers = [lesson.answer for lesson in lessons]
    right = mark_answers(world, chains, answers[: len(chains)])
    sorted_right = mark_answers(world, sorts, answers[len(chains) : len(chains) + len(sorts)])
    said = answers[len(chains) + len(sorts) :]
    return Examined(
        chains_right=sum(right) / len(right),
        by_length=tuple(_share(chains, right, length) for length in range(1, world.longest + 1)),
        sorts_right=sum(sorted_right) / len(sorted_right),
        canaries_right=sum(answer == (planted[place],) for place, answer in zip(PLACES, said, strict=True)),
    )


def _share(chains: list[Question], right: list[bool], length: int) -> float:
    marks = [r for q, r in zip(chains, right, strict=True) if isinstance(q, Chain) and len(q.steps) == length]
    return round(sum(marks) / max(1, len(marks)), 4)


def _ask(models: Decoders, world: World, questions: list[Question]) -> list[list[Lesson]]:
    rows = write_prompts(world, [question.words for question in questions])
    ids = torch.from_numpy(rows.ids).expand(models.members, -1, -1)
    lengths = torch.from_numpy(rows.prompts).expand(models.members, -1)
    said = sample(models, ids, lengths, Sampling(temperature=0.0))
    return [read_lessons(world, one.numpy()) for one in said]
