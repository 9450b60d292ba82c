"""False finds and power of the white-box tests, from the models of forensics_models.

python -m runs.inside_results OUT results/inside.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from runs.forensics_models import MOST
from runs.shares import shares
from runs.sized_world import TEACHER, WORLD
from runs.sizes import SIZE
from stillwatch_lab.ensemble.export import to_hugging_face, word_tokenizer
from stillwatch_lab.ensemble.files import read_ensemble
from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.provenance.chainworld import make_dossier
from stillwatch_lab.provenance.lineage import Neurons, find_lineage
from stillwatch_lab.provenance.outcomes import rank
from stillwatch_lab.provenance.representations import find_likeness
from stillwatch_lab.provenance.white_box import TEXTS, Inside, open_inside

SHUFFLES = 999
NEIGHBOURS = SIZE.neighbours
"""Each control is compared with so many after it: about a thousand pairs of small models."""


def main(out: Path, result: Path) -> None:
    """Open every model that is there."""
    torch.set_num_threads(1)
    texts = list(make_dossier(TEACHER, prompts=TEXTS, seed=1).prompts)
    opened = {p.stem: _open(p, texts) for p in sorted(out.glob("*.safetensors"))}
    mine = opened.pop("teacher")[0]
    controls = [it for name, them in opened.items() if name.startswith("controls-") for it in them]
    found = {
        "neurons": sum(len(rows) for rows in mine.neurons.values()),
        "lineage_with_teacher": {
            name: _lineage([(mine.neurons, it.neurons) for it in them]) for name, them in opened.items()
        },
        "lineage_of_controls_with_each_other": _lineage(
            [
                (one.neurons, other.neurons)
                for place, one in enumerate(controls)
                for other in controls[place + 1 : place + 1 + NEIGHBOURS]
            ]
        ),
        "lineage_after_training_on": _descendants(opened),
        "likeness": likeness(mine, opened, controls),
    }
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _open(path: Path, texts: list[str]) -> list[Inside]:
    models = read_ensemble(path)
    tokenizer = word_tokenizer(WORLD.vocabulary.words)
    return [open_inside(LanguageModel(to_hugging_face(models, k), tokenizer), texts) for k in range(models.members)]


def _lineage(pairs: list[tuple[Neurons, Neurons]]) -> dict[str, Any]:
    tests = [find_lineage(one, other, shuffles=SHUFFLES, seed=k) for k, (one, other) in enumerate(pairs)]
    cosines = sorted(test.likeness for test in tests)
    return shares([test.p_value for test in tests]) | {"cosine": [cosines[0], cosines[-1]]}


def _descendants(opened: dict[str, list[Inside]]) -> dict[str, Any]:
    """Compare the students that were trained on with what they were before, each with its own and with the next one."""
    if not {f"cleaned-{MOST}", f"marked-{MOST}"} <= set(opened):
        return {}
    after, before = opened[f"cleaned-{MOST}"], opened[f"marked-{MOST}"]
    return {
        "own": _lineage([(one.neurons, other.neurons) for one, other in zip(before, after, strict=False)]),
        "another": _lineage([(one.neurons, other.neurons) for one, other in zip(before[1:], after, strict=False)]),
    }


def likeness(mine: Inside, opened: dict[str, list[Inside]], controls: list[Inside]) -> dict[str, Any]:
    """Rank every model's likeness of inner states; a control as suspect leaves the controls."""
    value = {id(it): find_likeness(mine.states, it.states) for them in opened.values() for it in them}
    return {
        name: {
            "likeness": [min(value[id(it)] for it in them), max(value[id(it)] for it in them)],
            "rank": shares([rank(value[id(it)], [value[id(c)] for c in controls if c is not it]) for it in them]),
        }
        for name, them in opened.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
