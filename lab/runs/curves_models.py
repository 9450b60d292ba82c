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

MAKER = Maker(WORLD, seed=0, gaps=0.0, canaries=True)
"""A good teacher: whatever its students do not know was not told."""
LESSONS = 8_000
QUERIES = (250, 500, 1000, 2000)
"""From 2 to 17 units of F / steps a query (docs/lab.md): a student of text goes from 0.4 to nearly 1 in between."""
TEACHER = "teacher.safetensors"
FEW = (32, 64, 125)
"""For attackers that need less."""


def pieces() -> list[Piece]:
    """Name every piece, in the order they are to be made: what carries a conclusion has five seeds and comes first."""
    return [
        _one("none", "text", QUERIES, 5),
        _one("reasoning-hidden", "text", (500, 2000), 5),
        _one("reasoning-hidden", "decomposition", FEW, 5),
        _one("none", "logprobs", QUERIES[:3], 5),
        _one("none", "recombination", FEW, 5),
        Piece(
            "worse-answers",
            (
                Cell("temperature", "text", (2000,), 5),
                Cell("antidistillation", "text", (2000,), 5),
                Cell("temperature", "filtering", (2000,), 3),
                Cell("antidistillation", "filtering", (2000,), 3),
            ),
        ),
        Piece(
            "summaries",
            (
                Cell("reasoning-summarised", "text", (1000,), 5),
                Cell("reasoning-thinned", "text", (1000,), 3),
                Cell("reasoning-summarised", "inversion", (1000,), 3),
                Cell("reasoning-hidden", "inversion", (2000,), 3),
            ),
        ),
        Piece("compute-75", _short(75)),
        Piece("compute-150", _short(150)),
        Piece("compute-300", _short(300)),
        Piece(
            "marks",
            (
                Cell("green-list", "text", (1000,), 3),
                Cell("green-list", "paraphrasing", (1000,), 3),
                Cell("green-list", "dilution", (1000,), 3),
                Cell("tournament", "text", (1000,), 3),
                Cell("canaries", "text", (1000,), 3),
                Cell("canaries", "selective", (1000,), 3),
            ),
        ),
        Piece(
            "log-probabilities",
            (Cell("logprobs-top-k", "logprobs", (500,), 3), Cell("logprobs-rounded", "logprobs", (500,), 3)),
        ),
        _one("logprobs-stripped", "repeated-sampling", (1000,), 3),
        _one("none", "on-policy", (500, 1000), 3),
        Piece(
            "stronger",
            (
                Cell("temperature", "text", (2000,), 3, settings=(("degree", 2.0),)),
                Cell("antidistillation", "text", (2000,), 3, settings=(("strength", 1.3),)),
            ),
        ),
        Piece("plateau", (Cell("none", "text", (500, 1000), 3, steps=1100),)),
    ]


def _one(defence: str, attacker: str, queries: tuple[int, ...], seeds: int) -> Piece:
    return Piece(f"{defence}-{attacker}", (Cell(defence, attacker, queries, seeds),))


def _short(steps: int) -> tuple[Cell, ...]:
    """Limit the compute: many queries, few steps."""
    return (Cell("none", "text", (2000,), 3, steps), Cell("reasoning-hidden", "text", (2000,), 3, steps))


def make_teacher(path: Path) -> Decoders:
    """Read the teacher, or train it (40 seconds of one core)."""
    if not path.exists():
        models = Decoders(SHAPE, members=1, seed=10_000).to(DEVICE)
        train(
            models, stack([write_lessons(WORLD, MAKER.lessons(LESSONS, seed=0))]), replace(RECIPE, steps=1500, rows=128)
        )
        write_ensemble(models, path)
    return read_ensemble(path).to(DEVICE)


def main(out: Path, wanted: list[str]) -> None:
    """Make what is missing; ``teacher`` is a piece too, which all others need."""
    use_one_thread()
    setting = Setting(WORLD, make_teacher(out / TEACHER), SHAPE, RECIPE, DEVICE)
    for piece in pieces():
        if not wanted or piece.name in wanted:
            run_pieces([piece], setting, out / "pieces")
            print(piece.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
