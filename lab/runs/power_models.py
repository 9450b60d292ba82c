"""Train more students for the two claims of power: as many as make the interval's lower end honest.

    python -m runs.power_models OUT [PIECE…]

OUT is the folder of ``forensics_models``, whose teacher they learn from; what is trained here lies in OUT/power.
How many there are was fixed before any of them was judged: 60 of 60 found would mean 0.94 to 1.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from runs.forensics_models import (
    GREEN,
    MOST,
    SOME,
    STUDENTS,
    Work,
    harvest,
    learn_scores,
    make_students,
    train_missing,
)
from runs.parts import Plan, asking, divide, training
from runs.sized_world import read_there
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.provenance.radioactivity import draw_keys

FOLDER = "power"
MARKED_QUERIES, SCORED_QUERIES = MOST, SOME
"""Those of the forensics' marked and scored students, who are the first of each kind."""
BATCHES = dict(enumerate(divide(2 * STUDENTS), 1))
"""Twice as many again, by the number of the batch."""
MORE_KEYS = draw_keys(3 * STUDENTS, seed="students")[STUDENTS:]
"""They go on where ``KEYS`` ends."""


def _marked(out: Path, batch: int) -> Decoders:
    teacher = read_there(out / "teacher.safetensors")
    keys = [MORE_KEYS[i] for i in BATCHES[batch]]
    rows = [
        harvest(teacher, MARKED_QUERIES, seed=_seed("marked", i, batch), processor=GREEN.processor(key))
        for i, key in enumerate(keys)
    ]
    return make_students(rows, 840 + batch)


def _logits(out: Path, batch: int) -> Decoders:
    teacher = read_there(out / "teacher.safetensors")
    rows = [harvest(teacher, SCORED_QUERIES, seed=_seed("logits", i, batch)) for i in range(len(BATCHES[batch]))]
    return learn_scores(teacher, rows, 440 + batch)


def _seed(kind: str, student: int, batch: int) -> str:
    """Name a harvest so that the sum of its letters, which seeds the sampling, is no other harvest's."""
    return f"{kind} {student}" + " more" * batch


def pieces() -> dict[str, Work]:
    """Name every ensemble, what makes it and what that is."""
    kinds = {
        "marked": (_marked, MARKED_QUERIES, "more students of marked text"),
        "logits": (_logits, SCORED_QUERIES, "more students of log-probabilities"),
    }
    return {
        f"{kind}-{batch}": Work(
            partial(make, batch=batch),
            Plan(f"{len(some)} {does}, {queries:,} queries each", training(len(some)) + len(some) * asking(queries)),
        )
        for kind, (make, queries, does) in kinds.items()
        for batch, some in BATCHES.items()
    }


if __name__ == "__main__":
    place = Path(sys.argv[1])
    train_missing(pieces(), place, place / FOLDER, sys.argv[2:])
