"""Train every student of the curves: defence, attacker, queries, seed, against a teacher without gaps.

    python -m runs.curves_models OUT [PIECE…]

A piece is one ensemble of up to 20 small students (two minutes of one idle core or less; the large ones are divided,
by cells and then by queries) and one JSON file in OUT/pieces;
what is there is not made again. Without names, all pieces in order, the ones that carry a conclusion first.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from runs.parts import Plan, asking, bounded, training, writing
from runs.sized_world import DEVICE, RECIPE, SHAPE, TEACHER_SHAPE, WORLD, stack
from runs.sizes import SIZE
from stillwatch_lab.curves.grid import Cell, Piece
from stillwatch_lab.curves.pieces import Setting, run_pieces, use_one_thread
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.files import read_ensemble, write_ensemble
from stillwatch_lab.ensemble.training import train
from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.transcripts import write_lessons
from stillwatch_lab.world.world import World

MAKER = Maker(WORLD, seed=0, gaps=0.0, canaries=True)
"""A good teacher: whatever its students do not know was not told."""
LESSONS = SIZE.good_lessons
QUERIES = SIZE.queries
LOW, HALF, MANY, MOST = QUERIES
TEACHER = "teacher.safetensors"
ANOTHER = World(modulus=WORLD.modulus, longest=WORLD.longest, seed=1, secret=1)
"""Other secret tables, other canaries, and so another teacher: are the conclusions those of one draw?"""
FEW = SIZE.few_queries
"""For attackers that need less."""
STEPS = RECIPE.steps
SEEDS, FEWER = SIZE.seeds, SIZE.fewer_seeds
"""Students of a cell that carries a conclusion, each of a harvest of its own, and of the others."""
LONG = 2 * STEPS
"""Twice the steps of the rest: how far these are from a plateau."""


ANOTHER_PIECE = Piece(
    "another-world",
    (
        Cell("none", "text", (MOST,), SEEDS, STEPS),
        Cell("reasoning-hidden", "text", (MOST,), SEEDS, STEPS),
        Cell("reasoning-hidden", "decomposition", (FEW[-1],), SEEDS, STEPS),
    ),
)


def pieces() -> list[Piece]:
    """Name every piece, in the order they are to be made: those that most conclusions lean on come first."""
    return [part for whole in _whole() for part in _divide(whole)]


def another_pieces() -> list[Piece]:
    """Name the pieces of the other world."""
    return _divide(ANOTHER_PIECE)


def _divide(whole: Piece) -> list[Piece]:
    """Make a piece of each cell and number of queries where one has more students than may be trained at once."""
    if sum(cell.students for cell in whole.cells) <= SIZE.at_once:
        return [whole]
    single = [replace(cell, queries=(queries,)) for cell in whole.cells for queries in cell.queries]
    return [Piece(f"{whole.name}-{number}", (cell,)) for number, cell in enumerate(single, 1)]


def _whole() -> list[Piece]:
    return [
        _one("none", "text", QUERIES),
        _one("reasoning-hidden", "text", (HALF, MOST)),
        _one("reasoning-hidden", "decomposition", FEW),
        _one("none", "logprobs", QUERIES[:3]),
        _one("none", "recombination", FEW),
        Piece("worse-answers", tuple(_kept(_worse_answers()))),
        Piece("summaries", tuple(_kept(_summaries()))),
        *(_short(steps) for steps in SIZE.short),
        _piece(
            "marks", (MANY,), "green-list:text", "green-list:paraphrasing", "green-list:dilution", "tournament:text"
        ),
        _piece("planted", (MANY,), "canaries:text", "canaries:selective"),
        _piece("log-probabilities", (HALF,), "logprobs-top-k:logprobs", "logprobs-rounded:logprobs"),
        _one("logprobs-stripped", "repeated-sampling", (MANY,)),
        _one("none", "on-policy", (HALF, MANY)),
        Piece("stronger", tuple(_kept(_stronger()))),
        Piece("plateau", (Cell("none", "text", (HALF, MANY), SEEDS, steps=LONG),)),
        Piece("plateau-logprobs", (Cell("none", "logprobs", (HALF, MANY), SEEDS, steps=LONG),)),
        Piece("plateau-hidden", (Cell("reasoning-hidden", "text", (MOST,), SEEDS, steps=LONG),)),
    ]


def _kept(cells: list[Cell]) -> list[Cell]:
    """Leave out what leans on a proxy or an inverter that is no match for this size: it would look too weak."""
    return [c for c in cells if SIZE.own_tools or not {c.defence, c.attacker} & {"antidistillation", "inversion"}]


def _worse_answers() -> list[Cell]:
    return [
        Cell("temperature", "text", (MOST,), SEEDS, STEPS),
        Cell("antidistillation", "text", (MOST,), SEEDS, STEPS),
        Cell("temperature", "filtering", (MOST,), FEWER, STEPS),
        Cell("antidistillation", "filtering", (MOST,), FEWER, STEPS),
    ]


def _summaries() -> list[Cell]:
    return [
        Cell("reasoning-summarised", "text", (MANY,), SEEDS, STEPS),
        Cell("reasoning-thinned", "text", (MANY,), FEWER, STEPS),
        Cell("reasoning-summarised", "inversion", (MANY,), FEWER, STEPS),
        Cell("reasoning-hidden", "inversion", (MOST,), FEWER, STEPS),
    ]


def _stronger() -> list[Cell]:
    return [
        Cell("temperature", "text", (MOST,), SEEDS, STEPS, settings=(("degree", 2.0),)),
        Cell("antidistillation", "text", (MOST,), SEEDS, STEPS, settings=(("strength", 1.3),)),
    ]


def _one(defence: str, attacker: str, queries: tuple[int, ...]) -> Piece:
    return _piece(f"{defence}-{attacker}", queries, f"{defence}:{attacker}")


def _piece(name: str, queries: tuple[int, ...], *cells: str) -> Piece:
    """Pair each ``defence:attacker`` with the same queries."""
    pairs = (cell.split(":") for cell in cells)
    return Piece(name, tuple(Cell(defence, attacker, queries, SEEDS, STEPS) for defence, attacker in pairs))


def _short(steps: int) -> Piece:
    """Limit the compute: many queries, few steps."""
    cells = tuple(Cell(defence, "text", (MOST,), FEWER, steps) for defence in ("none", "reasoning-hidden"))
    return Piece(f"compute-{steps}", cells)


def make_teacher(path: Path, world: World = WORLD) -> Decoders:
    """Read the teacher, or train it (40 seconds of one core)."""
    if not path.exists():
        models = Decoders(TEACHER_SHAPE, members=1, seed=10_000).to(DEVICE)
        lessons = replace(MAKER, world=world).lessons(LESSONS, seed=0)
        with bounded(path):
            train(models, stack([write_lessons(world, lessons)]), SIZE.teaching)
            write_ensemble(models, path)
    return read_ensemble(path).to(DEVICE)


def plan(piece: Piece) -> Plan:
    """Say what a piece does. Half of what decomposition and its kin ask is one step long: an upper bound."""
    told = "; ".join(f"{c.seeds} of {c.defence} : {c.attacker}, {_list(c.queries)} queries" for c in piece.cells)
    asked = sum(queries * cell.seeds for cell in piece.cells for queries in cell.queries)
    seconds = training(sum(cell.students for cell in piece.cells), replace(RECIPE, steps=piece.steps))
    return Plan(f"{told}; {piece.steps:,} steps", seconds + asking(asked))


def plan_teacher() -> Plan:
    """Say what the teacher's piece does."""
    seconds = training(1, SIZE.teaching, shape=TEACHER_SHAPE) + writing(LESSONS)
    return Plan(f"the teacher without gaps, {SIZE.teaching.steps:,} steps", seconds)


def _list(queries: tuple[int, ...]) -> str:
    return " and ".join(f"{n:,}" for n in queries)


def main(out: Path, wanted: list[str]) -> None:
    """Make what is missing; ``teacher`` and ``another-teacher`` are pieces too, which the others of a world need."""
    use_one_thread()
    _make(WORLD, pieces(), out, "teacher", wanted)
    _make(ANOTHER, another_pieces(), out / "another", "another-teacher", wanted)


def _make(world: World, every: list[Piece], out: Path, teacher: str, wanted: list[str]) -> None:
    asked = [piece for piece in every if not wanted or piece.name in wanted]
    if not asked and teacher not in wanted:
        return
    setting = Setting(world, make_teacher(out / TEACHER, world), SHAPE, RECIPE, DEVICE)
    for piece in asked:
        with bounded(out / "pieces" / f"{piece.name}.json"):
            run_pieces([piece], setting, out / "pieces")
        print(piece.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
