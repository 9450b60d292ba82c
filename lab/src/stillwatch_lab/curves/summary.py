"""Pieces as one table: each cell's curve with intervals, N50 and N90, beside the ceiling and what was published."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stillwatch_lab.curves.anchors import Ratio, read_harvests, read_ratios
from stillwatch_lab.curves.estimates import ceiling, difference, mean_over_seeds, queries_to, quotient, unit
from stillwatch_lab.errors import RunError
from stillwatch_lab.world.world import World

Json = dict[str, Any]
TASKS = {"chains": "chains_right", "sorts": "sorts_right"}


@dataclass
class CellResults:
    """All students of one defence (with its settings), attacker and number of steps."""

    defence: str
    settings: dict[str, float]
    attacker: str
    steps: int
    students: list[Json] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name it as figures do."""
        set_to = ", ".join(f"{key} {value:g}" for key, value in self.settings.items())
        return f"{self.defence}{f' ({set_to})' if set_to else ''} : {self.attacker}"

    def curve(self, task: str = "chains") -> dict[int, list[float]]:
        """Give the accuracies by queries."""
        found: dict[int, list[float]] = defaultdict(list)
        for one in self.students:
            found[one["queries"]].append(one[TASKS[task]])
        return dict(sorted(found.items()))


def read_cells(folder: Path) -> list[CellResults]:
    """Read every piece of a folder. Raises RunError where there is none, or one cannot be read."""
    cells: dict[tuple[object, ...], CellResults] = {}
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise RunError(f"{folder}: no pieces there yet; make some first")
    for path in paths:
        for one in _students(path):
            key = (one["defence"], tuple(one["settings"].items()), one["attacker"], one["steps"])
            fresh = CellResults(one["defence"], one["settings"], one["attacker"], one["steps"])
            cells.setdefault(key, fresh).students.append(one)
    return list(cells.values())


def summarise(cells: list[CellResults], world: World, *, teacher: float = 1.0) -> Json:
    """Make the table. ``teacher`` is its accuracy on the same chains.

    Cells of the most usual number of steps are query-limited; those of fewer are compute-limited, those of more show
    how far the usual is from a plateau.
    """
    full = full_steps(cells)
    return {
        "teacher_right": teacher,
        "facts": len(world.facts),
        "unit_queries": round(unit(world), 1),
        "chance": 1 / world.modulus,
        "query_limited": [_cell(c, teacher=teacher) for c in cells if c.steps == full],
        "compute_limited": [_cell(c, teacher=teacher) for c in cells if c.steps < full],
        "longer_trained": [_cell(c, teacher=teacher) for c in cells if c.steps > full],
        "ceiling": {str(n): round(ceiling(world, n), 4) for n in _all_queries(cells)},
        "ratios": [found for ratio in read_ratios() if (found := _beside(ratio, cells, full)) is not None],
        "harvests": read_harvests(),
    }


@dataclass(frozen=True)
class Side:
    """One side of a contrast: a cell (its ``CellResults.name``) at a number of queries, and of steps if unusual."""

    name: str
    queries: int
    steps: int | None = None


def contrast(cells: list[CellResults], one: Side, other: Side) -> Json | None:
    """Give the difference in chains right of two groups of students, with its interval; None where one was not made."""
    mine, theirs = (_accuracies(cells, side) for side in (one, other))
    if not mine or not theirs:
        return None
    return {"one": asdict(one), "other": asdict(other), **asdict(difference(mine, theirs))}


def _accuracies(cells: list[CellResults], side: Side) -> list[float]:
    steps = side.steps or full_steps(cells)
    found = [cell.curve() for cell in cells if (cell.name, cell.steps) == (side.name, steps)]
    return found[0].get(side.queries, []) if found else []


def full_steps(cells: Iterable[CellResults]) -> int:
    """Say for how many steps most cells were trained: the runs whose limit is what they were told."""
    steps = [cell.steps for cell in cells]
    return max(set(steps), key=steps.count)


def find_cell(cells: Iterable[CellResults], defence: str, attacker: str, *, steps: int) -> CellResults | None:
    """Find a cell of a defence with its default settings."""
    for cell in cells:
        if (cell.defence, cell.attacker, cell.steps) == (defence, attacker, steps) and not cell.settings:
            return cell
    return None


def _students(path: Path) -> list[Json]:
    try:
        found: list[Json] = json.loads(path.read_text(encoding="utf-8"))["students"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise RunError(f"{path}: not a piece of curves ({type(problem).__name__}: {problem}); remove it") from problem
    return found


def _cell(cell: CellResults, *, teacher: float) -> Json:
    curve = cell.curve()
    points = {
        str(n): {
            "chains": asdict(mean_over_seeds(values)),
            "values": values,
            "sorts": asdict(mean_over_seeds(cell.curve("sorts")[n])),
            "by_length": _by_length(cell, n),
            "canaries_right": sum(s["canaries_right"] for s in cell.students if s["queries"] == n) / len(values),
        }
        for n, values in curve.items()
    }
    return {
        "name": cell.name,
        "defence": cell.defence,
        "settings": cell.settings,
        "attacker": cell.attacker,
        "steps": cell.steps,
        "seeds": min(len(values) for values in curve.values()),
        "points": points,
        "n50": asdict(queries_to(curve, 0.5, teacher=teacher)),
        "n90": asdict(queries_to(curve, 0.9, teacher=teacher)),
        "cpu_seconds_a_student": round(sum(s["cpu_seconds"] for s in cell.students) / len(cell.students), 1),
    }


def _by_length(cell: CellResults, queries: int) -> list[float]:
    rows = [s["by_length"] for s in cell.students if s["queries"] == queries]
    return [round(sum(column) / len(rows), 4) for column in zip(*rows, strict=True)]


def _beside(ratio: Ratio, cells: list[CellResults], steps: int) -> Json | None:
    """Put a published ratio beside ours, at the most queries that both our cells have."""
    defence, attacker, *task = ratio.ours
    one = find_cell(cells, defence, attacker, steps=steps)
    other = find_cell(cells, ratio.beside[0], ratio.beside[1], steps=steps)
    if one is None or other is None:
        return None
    mine, theirs = one.curve(*task), other.curve(*task)
    shared = sorted(set(mine) & set(theirs))
    if not shared:
        return None
    at = shared[-1]
    ours = quotient(mine[at], theirs[at])
    if ours.value is None:
        return None
    return {
        "what": ratio.what,
        "source": ratio.source,
        "published": ratio.published,
        "ours": asdict(ours),
        "queries": at,
    }


def _all_queries(cells: Iterable[CellResults]) -> list[int]:
    return sorted({n for cell in cells for n in cell.curve()})


def teacher_right(folder: Path) -> float:
    """Read the teacher's accuracy from any piece."""
    for path in sorted(folder.glob("*.json")):
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return float(document["teacher_right"])
    raise RunError(f"{folder}: no pieces there yet; make some first")
