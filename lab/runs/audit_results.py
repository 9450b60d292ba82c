"""What students take over and lose, over several students a row, from the models of forensics_models.

    python -m runs.audit_results OUT results/audit.json

The same audit as ``stillwatch-lab audit`` makes of two folders. Groups that are not trained are not in the result.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import torch

from runs.forensics_models import FEW, LEAST, MOST, SOME
from runs.sized_world import WORLD, read_there
from stillwatch_lab.audit.audit import Audit, AuditSettings, find_audit
from stillwatch_lab.audit.chainworld import make_audit_set
from stillwatch_lab.curves.estimates import difference, mean_over_seeds
from stillwatch_lab.respondents.crowd import Crowd

GROUPS = (
    "controls-0",
    f"text-{MOST}",
    f"dropped-{MOST}",
    f"marked-{MOST}",
    f"logits-{SOME}",
    f"logits-{LEAST}",
)
"""The first members of each; ``dropped``: of the same text, the refusals left out by its maker."""
SETTINGS = AuditSettings(draws=500)
T = TypeVar("T")
MEASURES: dict[str, Callable[[Audit], float]] = {
    "right": lambda it: _of(it.inheritance).student_right.value,
    "errors_repeated": lambda it: _of(it.inheritance).same_wrong.value,
    "gap_sampled": lambda it: _of(it.bias).student_sampled.value,
    "gap_greedy": lambda it: _of(it.bias).student_greedy.value,
    "refusals_kept": lambda it: _of(it.student_refusals).kept.value,
    "refusals_too_many": lambda it: _of(it.student_refusals).too_many.value,
    "same_each_time": lambda it: _of(it.reliability).student.same.value,
    "right_each_time": lambda it: _of(it.reliability).student.always_right.value,
    "right_once": lambda it: _of(it.reliability).student.once_right.value,
}


def main(out: Path, result: Path) -> None:
    """Audit what is there."""
    torch.set_num_threads(1)
    asked = make_audit_set(WORLD, seed=1)
    (teacher,) = Crowd(read_there(out / "teacher.safetensors"), WORLD, "teacher").members()
    own = find_audit(teacher, teacher, asked, SETTINGS)
    values: dict[str, dict[str, list[float]]] = {}
    for name in (name for name in GROUPS if (out / f"{name}.safetensors").exists()):
        models = read_there(out / f"{name}.safetensors").pick(list(range(FEW)))
        audits = [find_audit(teacher, it, asked, SETTINGS) for it in Crowd(models, WORLD, name).members()]
        values[name] = {what: [round(measure(one), 4) for one in audits] for what, measure in MEASURES.items()}
    found = {
        "asked": {"questions": len(asked.questions), "refusals": len(asked.refusals) // 2, "draws": SETTINGS.draws},
        "errors_of_teacher": _of(own.inheritance).same_wrong.count,
        "teacher": {what: round(measure(own), 4) for what, measure in MEASURES.items()},
        "groups": {
            name: {what: {"values": them, **asdict(mean_over_seeds(them))} for what, them in rows.items()}
            for name, rows in values.items()
        },
        "dropped_less_text": {
            what: asdict(difference(values[f"dropped-{MOST}"][what], values[f"text-{MOST}"][what])) for what in MEASURES
        }
        if {f"dropped-{MOST}", f"text-{MOST}"} <= set(values)
        else {},
    }
    if any(math.isnan(v) for rows in values.values() for them in rows.values() for v in them):
        raise SystemExit("a part of the audit asked nothing: a measure is not a number")
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _of(part: T | None) -> T:
    """Take a part that this audit set asks for."""
    assert part is not None  # noqa: S101 - chains, pairs and refusals are all in the set
    return part


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
