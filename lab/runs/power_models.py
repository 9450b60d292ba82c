"""Train more students for the two claims of power: as many as make the interval's lower end honest.

    python -m runs.power_models OUT [PIECE…]

OUT is the folder of ``forensics_models``, whose teacher they learn from; what is trained here lies in OUT/power.
How many there are was fixed before any of them was judged: 60 of 60 found would mean 0.94 to 1.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from runs.forensics_models import GREEN, STUDENTS, harvest, learn_scores, make_students
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.files import read_ensemble, write_ensemble
from stillwatch_lab.provenance.radioactivity import draw_keys

FOLDER = "power"
MARKED_QUERIES, SCORED_QUERIES = 4_000, 1_000
"""Those of ``marked-4000`` and ``logits-1000``, whose 20 students are the first of each kind."""
MORE_KEYS = draw_keys(3 * STUDENTS, seed="students")[STUDENTS:]
"""They go on where ``KEYS`` ends."""


def _marked(out: Path, batch: int) -> Decoders:
    teacher = read_ensemble(out / "teacher.safetensors")
    keys = MORE_KEYS[STUDENTS * (batch - 1) : STUDENTS * batch]
    rows = [
        harvest(teacher, MARKED_QUERIES, seed=_seed("marked", i, batch), processor=GREEN.processor(key))
        for i, key in enumerate(keys)
    ]
    return make_students(rows, 840 + batch)


def _logits(out: Path, batch: int) -> Decoders:
    teacher = read_ensemble(out / "teacher.safetensors")
    rows = [harvest(teacher, SCORED_QUERIES, seed=_seed("logits", i, batch)) for i in range(STUDENTS)]
    return learn_scores(teacher, rows, 440 + batch)


def _seed(kind: str, student: int, batch: int) -> str:
    """Name a harvest so that the sum of its letters, which seeds the sampling, is no other harvest's."""
    return f"{kind} {student}" + " more" * batch


def pieces() -> dict[str, Callable[[Path], Decoders]]:
    """Name every ensemble and what makes it."""
    marked = {f"marked-{batch}": lambda out, batch=batch: _marked(out, batch) for batch in (1, 2)}
    return {**marked, **{f"logits-{batch}": lambda out, batch=batch: _logits(out, batch) for batch in (1, 2)}}


def main(out: Path, wanted: list[str]) -> None:
    """Train what is missing."""
    torch.set_num_threads(1)
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, make in pieces().items():
        path = out / FOLDER / f"{name}.safetensors"
        if path.exists() or (wanted and name not in wanted):
            continue
        began = time.process_time()
        write_ensemble(make(out), path)
        print(f"{name}: {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
