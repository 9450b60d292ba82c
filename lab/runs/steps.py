"""Everything that is made, in order: each step's command, its file, what it needs and what it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runs import curves_models, docs_models, forensics_models, harvest_runs, power_models
from runs.forensics_models import Work
from runs.parts import Plan
from runs.sizes import SIZE, SMALL

LAB = Path(__file__).parents[1]
RESULTS, PAGES = LAB / "results", LAB.parent / "docs"
CPU = "cpu.json"
"""What each step took of a processor, in the folder that the work is in."""
LOGGED = {"power.json": 60.0}
"""What lab/LOG.md says of a step that is not in cpu.json."""
HARDER, NEURONS = 3, 16
"""Judging the large world beside the small: rows three times as long; 32 times the neurons in half of the pairs."""

UNPLANNED = Plan("")


@dataclass(frozen=True)
class Step:
    """One process: ``python -m`` with ``command``, which writes ``makes``; ``published``: where that is committed."""

    name: str
    command: tuple[str, ...]
    makes: Path
    needs: tuple[str, ...] = ()
    published: Path | None = None
    plan: Plan = UNPLANNED


def published_at() -> tuple[Path, Path]:
    """Give the folders of results and of pictures: those of other sizes than the small lie apart from both."""
    return (RESULTS, PAGES) if SIZE is SMALL else (RESULTS / SIZE.name, RESULTS / SIZE.name)


def find_steps(work: Path) -> list[Step]:
    """List all steps of the chosen sizes. The world's and the documentation's models are apart from each other."""
    curves = _curves(work / "curves")
    steps = [*_forensics(work / "forensics"), *curves]
    if not SIZE.whole:
        return steps
    return [*steps[: -len(curves)], *_docs(work / "docs"), *curves, *_harvests(work / "harvest", curves)]


def _forensics(work: Path) -> list[Step]:
    models = _models(work, forensics_models.pieces())
    ensembles = [step for step in models if step.makes.parent == work]
    results = _result("runs.forensics_results", work, "forensics", ensembles)
    inside = _result("runs.inside_results", work, "inside", ensembles)
    more = [_student(work, name, piece) for name, piece in power_models.pieces().items()]
    power = _result("runs.power_results", work, "power", [*ensembles, *more])
    audits = _result("runs.audit_results", work, "audit", ensembles)
    return [*models, results, inside, audits, _picture("runs.forensics_figure", results), *more, power]


def _student(work: Path, name: str, piece: Work) -> Step:
    makes = work / power_models.FOLDER / f"{name}.safetensors"
    command = ("runs.power_models", str(work), name)
    needs = (f"{work.name}/teacher",)
    return Step(f"{power_models.FOLDER}/{name}", command, makes, needs, plan=piece.plan)


def _models(work: Path, pieces: Mapping[str, Work]) -> list[Step]:
    """Train one ensemble a step."""
    return [
        Step(
            f"{work.name}/{name}",
            ("runs.forensics_models", str(work), name),
            work / f"{name}.safetensors",
            tuple(f"{work.name}/{other}" for other in piece.needs),
            plan=piece.plan,
        )
        for name, piece in pieces.items()
    ]


def _docs(work: Path) -> list[Step]:
    alone = ("teacher", "controls", "same-source")
    models = [
        Step(
            f"{work.name}/{name}",
            ("runs.docs_models", str(work), name),
            work / f"{name}.safetensors",
            () if name in alone else (f"{work.name}/teacher",),
            plan=Plan("models of the documentation's text"),
        )
        for name in docs_models.PIECES
    ]
    return [*models, _result("runs.docs_results", work, "docs", models)]


def _curves(work: Path) -> list[Step]:
    command = ("runs.curves_models", str(work))
    plan = curves_models.plan_teacher()
    teacher = Step("curves/teacher", (*command, "teacher"), work / curves_models.TEACHER, plan=plan)
    pieces = [
        _piece(command, work, piece.name, (teacher.name,), curves_models.plan(piece))
        for piece in curves_models.pieces()
    ]
    others = _another(work, command, plan)
    made = [step for step in others if step.published]
    results = _result("runs.curves_results", work, "curves", [*pieces, *made])
    return [teacher, *pieces, *others, results, _picture("runs.curves_figure", results)]


def _another(work: Path, command: tuple[str, ...], plan: Plan) -> list[Step]:
    """Make the other world's students. Their teacher is a piece of its own where one piece has not the time for all."""
    pieces, folder = curves_models.another_pieces(), work / "another"
    apart = len(pieces) > 1
    teacher = Step("curves/another-teacher", (*command, "another-teacher"), folder / curves_models.TEACHER, plan=plan)
    needs = (teacher.name,) if apart else ()
    results, _ = published_at()
    steps = []
    for piece in pieces:
        makes = folder / "pieces" / f"{piece.name}.json"
        published = results / work.name / makes.name
        whole = curves_models.plan(piece)
        steps.append(Step(f"curves/{piece.name}", (*command, piece.name), makes, needs, published, whole))
    return [teacher, *steps] if apart else steps


def _harvests(work: Path, curves: list[Step]) -> list[Step]:
    """Follow composed harvests; the join needs the curve that it is read on."""
    (curve,) = [step for step in curves if step.name == "curves.json"]
    plays, command = harvest_runs.plays(), ("runs.harvest_runs", str(work))
    traffic = [
        Step(f"harvest/{name}", (*command, name), work / name / harvest_runs.CALLS, plan=Plan("composes traffic"))
        for name in dict.fromkeys(play.traffic for play in plays)
    ]
    follows = Plan("a harvest day by day under one host")
    pieces = [_piece(command, work, play.name, (f"harvest/{play.traffic}",), follows) for play in plays]
    makes = work / "harvest.json"
    needs = (curve.name, *(step.name for step in pieces))
    joins = ("runs.harvest_results", str(work), str(curve.makes), str(makes))
    results = Step(makes.name, joins, makes, needs, published_at()[0] / makes.name, Plan("judges"))
    return [*traffic, *pieces, results, _picture("runs.harvest_figure", results)]


def _piece(command: tuple[str, ...], work: Path, name: str, needs: tuple[str, ...], plan: Plan) -> Step:
    """Make one JSON file, which is committed too: it holds what each student was told and got right."""
    makes = work / "pieces" / f"{name}.json"
    published = published_at()[0] / work.name / makes.name
    return Step(f"{work.name}/{name}", (*command, name), makes, needs, published, plan)


def _picture(module: str, results: Step) -> Step:
    picture = results.makes.with_name(f"lab-{results.makes.stem}.svg")
    command = (module, str(results.makes), str(picture))
    published = published_at()[1] / picture.name
    return Step(picture.name, command, picture, (results.name,), published, Plan("draws", 1.0))


def _result(module: str, work: Path, name: str, models: list[Step]) -> Step:
    makes = work / f"{name}.json"
    needs = tuple(step.name for step in models)
    plan = Plan("judges what was trained", _judging(makes.name))
    return Step(makes.name, (module, str(work), str(makes)), makes, needs, published_at()[0] / makes.name, plan)


def _judging(name: str) -> float | None:
    """Plan by what the small took of one core, where that was measured."""
    seconds = {**LOGGED, **_measured()}.get(name)
    harder = NEURONS if name == "inside.json" else HARDER
    return None if seconds is None else seconds * (1 if SIZE is SMALL else harder)


@cache
def _measured() -> dict[str, float]:
    found: dict[str, float] = json.loads((RESULTS / CPU).read_text(encoding="utf-8"))
    return found
