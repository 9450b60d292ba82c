"""Measure what each defence costs honest users, and sum the pieces of the curves up.

    python -m runs.curves_results OUT results/curves.json

OUT is what ``curves_models`` filled; the costs take half a minute of one core and are kept there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from runs.curves_contrasts import compare
from runs.curves_models import ANOTHER, TEACHER, make_teacher
from runs.sized_world import WORLD
from runs.sizes import SIZE
from stillwatch_lab.curves.pieces import use_one_thread
from stillwatch_lab.curves.summary import read_cells, summarise, teacher_right
from stillwatch_lab.defences.costs import measure_costs
from stillwatch_lab.defences.defence import find_defences, make_defence

STRONGER: tuple[tuple[str, dict[str, float]], ...] = (
    ("temperature", {"degree": 2.0}),
    ("antidistillation", {"strength": 1.3}),
)
"""Settings beside the defaults, each pair meant to cost honest users about the same."""


def costs(out: Path) -> list[dict[str, Any]]:
    """Measure every defence, and keep it: seconds differ from run to run, all else does not."""
    path = out / "costs.json"
    if not path.exists():
        teacher = make_teacher(out / TEACHER)
        plain = measure_costs(teacher, WORLD, make_defence("none"))
        known: list[tuple[str, dict[str, float]]] = [*((name, {}) for name in find_defences()), *STRONGER]
        asked = [(name, settings) for name, settings in known if SIZE.own_tools or name != "antidistillation"]
        rows = [
            {"defence": name, "settings": settings}
            | measure_costs(teacher, WORLD, make_defence(name, **settings)).beside(plain)
            for name, settings in asked
        ]
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main(out: Path, results: Path) -> None:
    """Write the table with the costs in it."""
    use_one_thread()
    pieces = out / "pieces"
    cells = read_cells(pieces)
    table = summarise(cells, WORLD, teacher=teacher_right(pieces)) | {"contrasts": compare(cells), "costs": costs(out)}
    another = out / "another" / "pieces"
    if another.exists():
        found = summarise(read_cells(another), ANOTHER, teacher=teacher_right(another))
        table["another_world"] = {name: found[name] for name in ("teacher_right", "query_limited")}
    results.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
