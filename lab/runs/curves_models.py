"""Train every student of the curves: defence, attacker, queries, seed, against a teacher without gaps.

    python -m runs.curves_models OUT [PIECE…]

A piece is one ensemble of up to 20 students (two minutes of one idle core or less) and one JSON file in OUT/pieces;
what is there is not made again. Without names, all pieces in order, the ones that carry a conclusion first.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from runs.small_world import DEVICE, RECIPE, SHAPE, WORLD, stack
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
LESSONS = 8_000
QUERIES = (250, 500, 1000, 2000)
"""From 2 to 17 units of F / steps a query (docs/lab.md): a student of text goes from 0.4 to nearly 1 in between."""
TEACHER = "teacher.safetensors"
ANOTHER = World(modulus=WORLD.modulus, longest=WORLD.longest, seed=1, secret=1)
"""Other secret tables, other canaries, and so another teacher: are the conclusions those of one draw?"""
ANOTHER_PIECE = Piece(
    "another-world",
    (
        Cell("none", "text", (2000,), 5),
        Cell("reasoning-hidden", "text", (2000,), 5),
        Cell("reasoning-hidden", "decomposition", (125,), 5),
    ),
)
FEW = (32, 64, 125)
"""For attackers that need less."""
SEEDS, FEWER = 5, 3
"""Students of a cell that carries a conclusion, each of a harvest of its own, and of the others."""
LONG = 1_100
"""Twice the steps of the rest: how far these are from a plateau."""


def pieces() -> list[Piece]:
    """Name every piece, in the order they are to be made: those that most conclusions lean on come first."""
    return [
        _one("none", "text", QUERIES),
        _one("reasoning-hidden", "text", (500, 2000)),
        _one("reasoning-hidden", "decomposition", FEW),
        _one("none", "logprobs", QUERIES[:3]),
        _one("none", "recombination", FEW),
        Piece(
            "worse-answers",
            (
                Cell("temperature", "text", (2000,), SEEDS),
                Cell("antidistillation", "text", (2000,), SEEDS),
                Cell("temperature", "filtering", (2000,), FEWER),
                Cell("antidistillation", "filtering", (2000,), FEWER),
            ),
        ),
        Piece(
            "summaries",
            (
                Cell("reasoning-summarised", "text", (1000,), SEEDS),
                Cell("reasoning-thinned", "text", (1000,), FEWER),
                Cell("reasoning-summarised", "inversion", (1000,), FEWER),
                Cell("reasoning-hidden", "inversion", (2000,), FEWER),
            ),
        ),
        *(_short(steps) for steps in (75, 150, 300)),
        _piece(
            "marks", (1000,), "green-list:text", "green-list:paraphrasing", "green-list:dilution", "tournament:text"
        ),
        _piece("planted", (1000,), "canaries:text", "canaries:selective"),
        _piece("log-probabilities", (500,), "logprobs-top-k:logprobs", "logprobs-rounded:logprobs"),
        _one("logprobs-stripped", "repeated-sampling", (1000,)),
        _one("none", "on-policy", (500, 1000)),
        Piece(
            "stronger",
            (
                Cell("temperature", "text", (2000,), SEEDS, settings=(("degree", 2.0),)),
                Cell("antidistillation", "text", (2000,), SEEDS, settings=(("strength", 1.3),)),
            ),
        ),
        Piece("plateau", (Cell("none", "text", (500, 1000), SEEDS, steps=LONG),)),
        Piece("plateau-logprobs", (Cell("none", "logprobs", (500, 1000), SEEDS, steps=LONG),)),
        Piece("plateau-hidden", (Cell("reasoning-hidden", "text", (2000,), SEEDS, steps=LONG),)),
    ]


def _one(defence: str, attacker: str, queries: tuple[int, ...]) -> Piece:
    return _piece(f"{defence}-{attacker}", queries, f"{defence}:{attacker}")


def _piece(name: str, queries: tuple[int, ...], *cells: str) -> Piece:
    """Pair each ``defence:attacker`` with the same queries."""
    pairs = (cell.split(":") for cell in cells)
    return Piece(name, tuple(Cell(defence, attacker, queries, SEEDS) for defence, attacker in pairs))


def _short(steps: int) -> Piece:
    """Limit the compute: many queries, few steps."""
    cells = tuple(Cell(defence, "text", (2000,), FEWER, steps) for defence in ("none", "reasoning-hidden"))
    return Piece(f"compute-{steps}", cells)


def make_teacher(path: Path, world: World = WORLD) -> Decoders:
    """Read the teacher, or train it (40 seconds of one core)."""
    if not path.exists():
        models = Decoders(SHAPE, members=1, seed=10_000).to(DEVICE)
        lessons = replace(MAKER, world=world).lessons(LESSONS, seed=0)
        train(models, stack([write_lessons(world, lessons)]), replace(RECIPE, steps=1500, rows=128))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_ensemble(models, path)
    return read_ensemble(path).to(DEVICE)


def main(out: Path, wanted: list[str]) -> None:
    """Make what is missing; ``teacher`` is a piece too, which all others but ``another-world`` need."""
    use_one_thread()
    asked = [piece for piece in pieces() if not wanted or piece.name in wanted]
    if asked or "teacher" in wanted:
        setting = Setting(WORLD, make_teacher(out / TEACHER), SHAPE, RECIPE, DEVICE)
        for piece in asked:
            run_pieces([piece], setting, out / "pieces")
            print(piece.name, flush=True)
    if not wanted or ANOTHER_PIECE.name in wanted:
        teacher = make_teacher(out / "another" / TEACHER, ANOTHER)
        run_pieces([ANOTHER_PIECE], Setting(ANOTHER, teacher, SHAPE, RECIPE, DEVICE), out / "another" / "pieces")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
