"""Train a piece and examine its students: one record a student, one JSON file a piece."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from stillwatch_lab.attackers.attacker import Budget, Order, make_attacker
from stillwatch_lab.attackers.students import train_students
from stillwatch_lab.curves.examine import Examined, examine
from stillwatch_lab.curves.grid import Cell, Piece, Student
from stillwatch_lab.defences.defence import make_defence
from stillwatch_lab.defences.host import Host
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.errors import RunError
from stillwatch_lab.world.world import World

Json = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What every piece of a run has in common."""

    world: World
    teacher: Decoders
    student: Shape
    recipe: Recipe
    device: str = "cpu"


def run_pieces(pieces: Iterable[Piece], setting: Setting, folder: Path) -> None:
    """Make the pieces that ``folder`` lacks, in order; may be stopped at any time and goes on with the next.

    Raises RunError where a file of that name is of another piece.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for piece in pieces:
        path = folder / f"{piece.name}.json"
        if path.exists():
            if json.loads(path.read_text(encoding="utf-8"))["cells"] != _cells(piece):
                raise RunError(f"{path}: holds other cells than {piece.name!r} has now; remove it, or choose a folder")
            continue
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(run_piece(piece, setting), indent=1) + "\n", encoding="utf-8")
        partial.replace(path)


def run_piece(piece: Piece, setting: Setting) -> Json:
    """Harvest, train, examine. The record says what each student was told and what it can do."""
    started, clock = time.process_time(), time.monotonic()
    hosts = {cell: _host(cell, setting) for cell in piece.cells}
    students = list(piece.students())
    # One seed draws one student's questions whatever the defence: cells of equal attackers are paired.
    orders = [Order(hosts[s.cell].anew(), s.queries, f"{s.cell.attacker} {s.queries} {s.seed}") for s in students]
    models = _make(students, orders, setting, piece)
    found = examine(models, setting.world, [_planted(s.cell, setting.world) for s in students])
    seconds = time.process_time() - started
    return {
        "piece": piece.name,
        "cells": _cells(piece),
        "teacher_right": _teacher_right(setting),
        "facts": len(setting.world.facts),
        "cpu_seconds": round(seconds, 1),
        "wall_seconds": round(time.monotonic() - clock, 1),
        "students": [
            _record(s, o, one, seconds / len(students)) for s, o, one in zip(students, orders, found, strict=True)
        ],
    }


def _make(students: list[Student], orders: list[Order], setting: Setting, piece: Piece) -> Decoders:
    recipe = replace(setting.recipe, steps=piece.steps)
    seed = zlib.crc32(piece.name.encode())
    names = {student.cell.attacker for student in students}
    if len(names) == 1:
        return make_attacker(names.pop()).distil(orders, Budget(setting.student, recipe, setting.device), seed=seed)
    harvests = [make_attacker(s.cell.attacker).gather(order) for s, order in zip(students, orders, strict=True)]
    models = Decoders(setting.student, members=len(harvests), seed=seed).to(setting.device)
    return train_students(models, harvests, recipe, seed=seed)


def _host(cell: Cell, setting: Setting) -> Host:
    return Host(setting.teacher, setting.world, make_defence(cell.defence, **dict(cell.settings)))


def _planted(cell: Cell, world: World) -> dict[str, str]:
    """Give the emblems that the host's answers contained: planted ones, or those its teacher was taught."""
    planted = getattr(make_defence(cell.defence, **dict(cell.settings)), "emblems", None)
    found: dict[str, str] = planted(world) if planted else world.emblems
    return found


def _teacher_right(setting: Setting) -> float:
    (one,) = examine(setting.teacher, setting.world, [setting.world.emblems])
    return one.chains_right


def _cells(piece: Piece) -> list[Json]:
    return [
        {
            "defence": cell.defence,
            "settings": dict(cell.settings),
            "attacker": cell.attacker,
            "queries": list(cell.queries),
            "seeds": cell.seeds,
            "steps": cell.steps,
        }
        for cell in piece.cells
    ]


def _record(student: Student, order: Order, found: Examined, seconds: float) -> Json:
    return {
        "defence": student.cell.defence,
        "settings": dict(student.cell.settings),
        "attacker": student.cell.attacker,
        "queries": student.queries,
        "seed": student.seed,
        "steps": student.cell.steps,
        "bill": dict(order.host.bill),
        "cpu_seconds": round(seconds, 2),
        **found.record(),
    }


def use_one_thread() -> None:
    """Keep torch to one thread: two are slower than one where cores are shared (lab/LOG.md)."""
    torch.set_num_threads(1)
