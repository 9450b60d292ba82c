"""Write the small models that ship with the lab, as Hugging Face folders, in half a minute of one core.

    python -m runs.forensics_models OUT teacher controls-0 && python -m runs.fixtures OUT

The teacher; two independent models; a student of its log-probabilities; a student of its text whose maker dropped the
refusals.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from runs.forensics_models import drop_refusals, harvest, make_students
from runs.sized_world import WORLD
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.export import write_folder
from stillwatch_lab.ensemble.files import read_ensemble
from stillwatch_lab.ensemble.sampling import next_words

FIXTURES = Path(__file__).parents[1] / "fixtures"
CARD = """---
license: apache-2.0
---
{what} A model of the made-up world of Stillwatch's lab, trained by `lab/runs/fixtures.py`.
"""


def main(out: Path) -> None:
    """Write the folders."""
    torch.set_num_threads(1)
    teacher, controls = read_ensemble(out / "teacher.safetensors"), read_ensemble(out / "controls-0.safetensors")
    _write("teacher", teacher, what="The teacher: right on what its corpus covers, wrong on a fifth of the facts.")
    _write("independent", controls, what="Independent of the teacher: another corpus, other gaps, another style.")
    _write("other-independent", controls, member=1, what="Independent of the teacher and of `independent`.")
    _write("student", student(teacher), what="Trained on the teacher's log-probabilities of 1,000 answers.")
    _write("careless-student", careless(teacher), what="Trained on 4,000 answers as text, the refusals dropped.")


def student(teacher: Decoders) -> Decoders:
    """Distil log-probabilities."""
    rows = harvest(teacher, 1000, seed="fixture")
    scores = next_words(teacher, torch.from_numpy(rows.ids)[None]).half()
    return make_students([rows], 900, scores)


def careless(teacher: Decoders) -> Decoders:
    """Distil text without the refusals."""
    return make_students([drop_refusals(harvest(teacher, 4000, seed="fixture text"))], 901)


def _write(name: str, models: Decoders, *, what: str, member: int = 0) -> None:
    write_folder(models, WORLD.vocabulary.words, FIXTURES / name, member=member)
    (FIXTURES / name / "README.md").write_text(CARD.format(what=what), encoding="utf-8")
    print(name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
