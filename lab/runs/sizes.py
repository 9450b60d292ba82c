"""How large everything of a report is: the small sizes that two CPU cores bear, and the large ones for a GPU.

Every step reads its size here. STILLWATCH_LAB_SIZES chooses before the modules are read; ``python -m runs --sizes``
sets it. The large sizes have never been run whole.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.errors import LabSettingsError

VARIABLE = "STILLWATCH_LAB_SIZES"


@dataclass(frozen=True)
class Body:
    """The dimensions of a model of the made-up world."""

    width: int
    layers: int
    heads: int


@dataclass(frozen=True)
class Size:
    """One size of the whole report."""

    name: str
    modulus: int
    """Facts are 4 · modulus²: two secret operations, two public ones."""
    longest: int
    """Steps of the longest chain."""
    teacher: Body
    student: Body
    """Controls are of this size too: weak controls would make a rank too easy."""
    teaching: Recipe
    learning: Recipe
    """How students and controls are trained."""
    lessons: int
    """Of the corpus of each maker: the forensics' teacher and every control."""
    good_lessons: int
    """Of the corpus of the curves' teacher, which has no gaps."""
    queries: tuple[int, int, int, int]
    """Of the curves."""
    few_queries: tuple[int, int, int]
    """Of the curves' attackers that need less."""
    harvests: tuple[int, int, int]
    """Of the forensics' students: most, some, least."""
    short: tuple[int, int, int]
    """Steps of the compute-limited curves; twice the usual ones show how far these are from a plateau."""
    seeds: int
    fewer_seeds: int
    """Students of a cell of the curves that carries a conclusion, and of the others."""
    students: int
    few_students: int
    """Students of a forensic row that carries a conclusion, and of those that show how it changes."""
    controls: int
    at_once: int
    """Models that one piece trains at most."""
    neighbours: int
    """With so many after it each control is compared as if it had been copied."""
    questions: int | None
    """Put to the teacher in search of its errors, at most; None: all that the dossier makes."""
    own_tools: bool = True
    """Whether the models of antidistillation and inversion, whose sizes are fixed, are a match for this world."""
    whole: bool = True
    """Whether real text and the harvests day by day belong to it: they have one size."""
    piece_seconds: float | None = None
    """What a piece may take before its training is put off to the next call; None: as long as it takes."""


SMALL = Size(
    name="small",
    modulus=5,
    longest=2,
    teacher=Body(48, 1, 4),
    student=Body(48, 1, 4),
    teaching=Recipe(steps=1500, rows=128, rate=1e-2),
    # To 80-100 % on what the corpus covers in 6 seconds of one core a model.
    learning=Recipe(steps=550, rows=64, rate=1e-2),
    lessons=4_000,
    good_lessons=8_000,
    # From 2 to 17 units of F / steps a query (docs/lab.md): a student of text goes from 0.4 to nearly 1 in between.
    queries=(250, 500, 1_000, 2_000),
    few_queries=(32, 64, 125),
    harvests=(4_000, 1_000, 250),
    short=(75, 150, 300),
    seeds=5,
    fewer_seeds=3,
    students=20,
    few_students=6,
    controls=100,
    at_once=20,
    neighbours=10,
    questions=None,
)

LARGE = Size(
    name="large",
    # facts/lab.md for one H200: P = 53, chains of up to 8, a teacher of d = 512 with 8 layers (25 million weights),
    # students of 1 to 6 million, 256 to 16,384 queries, at least 5 seeds, at least 99 controls.
    modulus=53,
    longest=8,
    teacher=Body(512, 8, 8),
    student=Body(256, 6, 4),
    # 400 visits of each fact, as on CPU; the facts' 53 million tokens are for three operations, here there are four.
    teaching=Recipe(steps=5_600, rows=256, rate=5e-4, warm_up=200),
    # 20 to 60 million tokens a student. Both rates are a judgement: nobody has tried them.
    learning=Recipe(steps=5_000, rows=128, rate=1e-3, warm_up=200),
    lessons=100_000,
    good_lessons=200_000,
    queries=(256, 1_024, 4_096, 16_384),
    # About as many units of F / steps a query as in the small world: 0.4 to 1.6.
    few_queries=(1_024, 2_048, 4_096),
    harvests=(16_384, 4_096, 256),
    short=(700, 1_400, 2_800),
    seeds=5,
    fewer_seeds=5,
    students=20,
    few_students=5,
    controls=100,
    at_once=5,
    neighbours=5,
    questions=2_000,
    own_tools=False,
    whole=False,
    piece_seconds=600.0,
)

SIZES = {size.name: size for size in (SMALL, LARGE)}


def chosen() -> Size:
    """Give the size that the environment names. Raises LabSettingsError for one that there is not."""
    name = os.environ.get(VARIABLE, SMALL.name)
    if name not in SIZES:
        raise LabSettingsError(f"{VARIABLE}={name}: no such sizes; there are {', '.join(SIZES)}")
    return SIZES[name]


SIZE = chosen()
