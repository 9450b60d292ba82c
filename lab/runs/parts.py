"""Pieces of at most so many models and so many seconds: dividing, planning, breaking off and going on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from runs.sized_world import SHAPE, TEACHER_SHAPE, WORLD
from runs.sizes import SIZE
from stillwatch_lab.ensemble.decoders import Shape
from stillwatch_lab.ensemble.keeping import OutOfTimeError, keep_training
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.world.transcripts import longest_row

UNFINISHED = 75
"""What a piece whose time is over exits with (EX_TEMPFAIL of sysexits.h): run again, it goes on."""
TRAINING_SHARE = 0.9
"""Of a piece's seconds: what is left is for the answers before and the exam after its training."""
RATE = 4e13
"""Floating-point operations a second assumed in planning: a quarter of what facts/lab.md assumes for an H200 in bf16
with compiled models (15 to 20 % of 990 teraflop/s), these being neither. Not measured."""
LESSONS_A_SECOND = 15_000
"""That one core writes in plain Python: 19,000 of the large world's, gaps counted, on a busy one."""
ROWS_A_SECOND = 4_000
"""Answered rows a second beside the arithmetic: questions, ids, and tables of watermarks in main memory."""


@dataclass(frozen=True)
class Plan:
    """What a piece does, and the seconds that it is planned for on one GPU; None where nothing was reckoned."""

    does: str
    seconds: float | None = None


@contextmanager
def bounded(makes: Path) -> Iterator[None]:
    """Keep a piece's training beside what it makes, and break off in time. Without a limit it is one go."""
    folder = makes.with_suffix(".training")
    limit = SIZE.piece_seconds
    try:
        with keep_training(folder, limit_seconds=TRAINING_SHARE * limit) if limit is not None else nullcontext():
            yield
    except OutOfTimeError as problem:
        print(problem, file=sys.stderr, flush=True)
        raise SystemExit(UNFINISHED) from None
    shutil.rmtree(folder, ignore_errors=True)


def divide(count: int) -> list[range]:
    """Divide so many models into groups that are trained at once."""
    return [range(at, min(at + SIZE.at_once, count)) for at in range(0, count, SIZE.at_once)]


def training(members: int, recipe: Recipe = SIZE.learning, *, shape: Shape = SHAPE) -> float:
    """Plan the seconds of training: six operations a weight and place."""
    places = recipe.steps * recipe.rows * longest_row(WORLD)
    return 6 * shape.weights * members * places / RATE


def asking(queries: int) -> float:
    """Plan the seconds in which the teacher answers so many questions: two operations a weight and place."""
    return 2 * TEACHER_SHAPE.weights * queries * longest_row(WORLD) / RATE + queries / ROWS_A_SECOND


def writing(lessons: int) -> float:
    """Plan the seconds in which so many lessons are written."""
    return lessons / LESSONS_A_SECOND
