"""Train more students for the two claims of power: as many as make the interval's lower end honest.

    python -m runs.power_models OUT [PIECE…]

OUT is the folder of ``forensics_models``, whose teacher they learn from; what is trained here lies in OUT/power.
How many there are was fixed before any of them was judged: 60 of 60 found would mean 0.94 to 1.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import torch

from runs.forensics_models import GREEN, MOST, SOME, STUDENTS, Work, harvest, learn_scores, make_students
from runs.parts import Plan, asking, bounded, divide, training
from runs.sized_world import read_there
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.files import write_ensemble
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


def main(out: Path, wanted: list[str]) -> None:
    """Train what is missing."""
    torch.set_num_threads(1)
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, work in pieces().items():
        path = out / FOLDER / f"{name}.safetensors"
        if path.exists() or (wanted and name not in wanted):
            continue
        began = time.process_time()
        with bounded(path):
            write_ensemble(work.make(out), path)
        print(f"{name}: {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
