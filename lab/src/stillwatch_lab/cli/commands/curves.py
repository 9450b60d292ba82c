"""``stillwatch-lab curves``: student accuracy against queries, by defence and attacker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stillwatch_lab.attackers.attacker import find_attackers
from stillwatch_lab.cli.main import app
from stillwatch_lab.curves.figure import write_figure
from stillwatch_lab.curves.grid import Cell, Piece
from stillwatch_lab.curves.pieces import Setting, run_pieces, use_one_thread
from stillwatch_lab.curves.summary import read_cells, summarise, teacher_right
from stillwatch_lab.defences.defence import find_defences
from stillwatch_lab.ensemble.export import from_hugging_face
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.world.world import World


@app.command(
    epilog=f"Defences: {', '.join(find_defences())}. Attackers: {', '.join(find_attackers())}. They ask the given"
    " teacher in this process and nothing else."
)
def curves(
    teacher: Annotated[
        Path | None, typer.Argument(help="Folder of a model of the made-up world; none: draw what is there.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for pieces/, curves.json and curves.svg.")],
    cell: Annotated[
        list[str] | None, typer.Option(help="DEFENCE:ATTACKER; repeatable.", show_default="none:text")
    ] = None,
    queries: Annotated[str, typer.Option(help="Numbers of queries, with commas.")] = "250,500,1000,2000",
    seeds: Annotated[int, typer.Option(help="Students at each number of queries.")] = 5,
    steps: Annotated[int, typer.Option(help="Training steps of each student.")] = 550,
    modulus: Annotated[int, typer.Option(help="How many digits the world has.")] = 5,
    longest: Annotated[int, typer.Option(help="Steps of the longest chain.")] = 2,
) -> None:
    """Harvest, train and examine students of each cell, and draw them with intervals, N50, N90 and the ceiling.

    May be stopped at any time: the same command goes on with the next cell. A cell of 4 x 5 students of the models in
    lab/fixtures takes two to three minutes of one idle core.
    """
    world = World(modulus=modulus, longest=longest)
    pieces = out / "pieces"
    if teacher is not None:
        asked = [_cell(name, _numbers(queries), seeds, steps) for name in cell or ["none:text"]]
        use_one_thread()
        served = from_hugging_face(read_model(teacher).model.float())
        setting = Setting(world, served, served.shape, Recipe(rate=1e-2))
        for one in asked:
            name = f"{one.defence}-{one.attacker}-{steps}"
            run_pieces([Piece(name, (one,))], setting, pieces)
            typer.echo(pieces / f"{name}.json")
    table = summarise(read_cells(pieces), world, teacher=teacher_right(pieces))
    (out / "curves.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    write_figure(table, world, out / "curves.svg")
    for name in ("curves.json", "curves.svg"):
        typer.echo(out / name)


def _cell(name: str, queries: tuple[int, ...], seeds: int, steps: int) -> Cell:
    defence, _, attacker = name.partition(":")
    for word, known, kind in ((defence, find_defences(), "defence"), (attacker, find_attackers(), "attacker")):
        if word not in known:
            raise LabSettingsError(f"--cell {name}: no such {kind}: {word!r}; there are {', '.join(known)}")
    return Cell(defence, attacker, queries, seeds, steps)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise LabSettingsError(f"--queries {text}: whole numbers with commas are wanted, such as 250,500") from None
