"""Everything that is made, in order: each step's command, its file, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runs import curves_models, docs_models, forensics_models, harvest_runs, power_models

LAB = Path(__file__).parents[1]
RESULTS, PAGES = LAB / "results", LAB.parent / "docs"
CPU = "cpu.json"
"""What each step took of a processor, in the folder that the work is in."""


@dataclass(frozen=True)
class Step:
    """One process: ``python -m`` with ``command``, which writes ``makes``; ``published``: where that is committed."""

    name: str
    command: tuple[str, ...]
    makes: Path
    needs: tuple[str, ...] = ()
    published: Path | None = None


def find_steps(work: Path) -> list[Step]:
    """List all steps. The world's and the documentation's models are apart from each other."""
    curves = _curves(work / "curves")
    return [*_forensics(work / "forensics"), *_docs(work / "docs"), *curves, *_harvests(work / "harvest", curves)]


def _forensics(work: Path) -> list[Step]:
    needs = {"teacher": (), "cleaned-4000": ("marked-4000",), "of-others-4000": ("teacher", "controls-0")}
    needs |= {name: () for name in forensics_models.pieces() if name.startswith("controls-")}
    models = _models("runs.forensics_models", work, forensics_models.pieces(), needs)
    results = _result("runs.forensics_results", work, "forensics", models)
    inside = _result("runs.inside_results", work, "inside", models)
    more = [_student(work, name) for name in power_models.pieces()]
    power = _result("runs.power_results", work, "power", [*models, *more])
    audits = _result("runs.audit_results", work, "audit", models)
    return [*models, results, inside, audits, _picture("runs.forensics_figure", results), *more, power]


def _student(work: Path, name: str) -> Step:
    makes = work / power_models.FOLDER / f"{name}.safetensors"
    return Step(
        f"{power_models.FOLDER}/{name}", ("runs.power_models", str(work), name), makes, (f"{work.name}/teacher",)
    )


def _docs(work: Path) -> list[Step]:
    needs: dict[str, tuple[str, ...]] = {"teacher": (), "controls": (), "same-source": ()}
    models = _models("runs.docs_models", work, docs_models.PIECES, needs)
    return [*models, _result("runs.docs_results", work, "docs", models)]


def _curves(work: Path) -> list[Step]:
    teacher = Step("curves/teacher", ("runs.curves_models", str(work), "teacher"), work / curves_models.TEACHER)
    names = [piece.name for piece in curves_models.pieces()]
    pieces = [_piece("runs.curves_models", work, name, (teacher.name,)) for name in names]
    name = curves_models.ANOTHER_PIECE.name
    made = work / "another" / "pieces" / f"{name}.json"
    another = Step(f"curves/{name}", ("runs.curves_models", str(work), name), made, (), RESULTS / "curves" / made.name)
    results = _result("runs.curves_results", work, "curves", [*pieces, another])
    return [teacher, *pieces, another, results, _picture("runs.curves_figure", results)]


def _harvests(work: Path, curves: list[Step]) -> list[Step]:
    """Follow composed harvests; the join needs the curve that it is read on."""
    (curve,) = [step for step in curves if step.name == "curves.json"]
    plays = harvest_runs.plays()
    traffic = [
        Step(f"harvest/{name}", ("runs.harvest_runs", str(work), name), work / name / harvest_runs.CALLS)
        for name in dict.fromkeys(play.traffic for play in plays)
    ]
    pieces = [_piece("runs.harvest_runs", work, play.name, (f"harvest/{play.traffic}",)) for play in plays]
    makes = work / "harvest.json"
    needs = (curve.name, *(step.name for step in pieces))
    command = ("runs.harvest_results", str(work), str(curve.makes), str(makes))
    results = Step(makes.name, command, makes, needs, RESULTS / makes.name)
    return [*traffic, *pieces, results, _picture("runs.harvest_figure", results)]


def _piece(module: str, work: Path, name: str, needs: tuple[str, ...]) -> Step:
    """Make one JSON file, which is committed too: it holds what each student was told and got right."""
    makes = work / "pieces" / f"{name}.json"
    return Step(f"{work.name}/{name}", (module, str(work), name), makes, needs, RESULTS / work.name / makes.name)


def _picture(module: str, results: Step) -> Step:
    picture = results.makes.with_name(f"lab-{results.makes.stem}.svg")
    return Step(
        picture.name, (module, str(results.makes), str(picture)), picture, (results.name,), PAGES / picture.name
    )


def _models(module: str, work: Path, pieces: Iterable[str], needs: dict[str, tuple[str, ...]]) -> list[Step]:
    """Train one ensemble a step; those that ``needs`` does not name learn from the teacher."""
    return [
        Step(
            f"{work.name}/{piece}",
            (module, str(work), piece),
            work / f"{piece}.safetensors",
            tuple(f"{work.name}/{other}" for other in needs.get(piece, ("teacher",))),
        )
        for piece in pieces
    ]


def _result(module: str, work: Path, name: str, models: list[Step]) -> Step:
    makes = work / f"{name}.json"
    needs = tuple(step.name for step in models)
    return Step(makes.name, (module, str(work), str(makes)), makes, needs, RESULTS / makes.name)
