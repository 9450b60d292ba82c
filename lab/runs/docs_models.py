"""Train the models of the second setting: language models of the repository's own documentation, and their students.

    python -m runs.docs_models OUT [PIECE…]

A teacher reads half of the pages' paragraphs; students read only what it writes when it is given sixteen tokens of
any page to go on with. Controls read halves of their own; *same source* models read the teacher's half. A piece is
one file; what is there is not trained again. About 25 seconds of one core a model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from runs.docs_text import PLACES, VOCABULARY, DocsText, keep_docs
from runs.sized_world import DEVICE, stack
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.files import read_ensemble, write_ensemble
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.ensemble.training import Recipe, train
from stillwatch_lab.provenance.radioactivity import draw_keys
from stillwatch_lab.watermarks.kgw import GreenList
from stillwatch_lab.watermarks.scheme import Processor
from stillwatch_lab.world.transcripts import Transcripts

SHAPE = Shape(VOCABULARY, PLACES, width=64, layers=2)
RECIPE = Recipe(steps=500, rows=32, rate=5e-3)
TEACHER = replace(RECIPE, steps=1500)
GREEN = GreenList(VOCABULARY, ratio=0.5)
SEEDS, CONTROLS = 5, 9
"""Seeds of every cell. Nine controls let no rank reach 0.05; groups are compared as wholes (docs_results.py)."""
FEW, MANY = 1_000, 4_000
"""Queries, of 48 answered tokens each: 16 and 4 passes over what was harvested."""
KEYS = draw_keys(SEEDS, seed="docs students")
NO_END = -1
"""No token ends a row: windows of running text have no end."""
AT_ONCE = 1_000
"""Rows whose distributions are computed together: 100 MB."""


def harvest(docs: DocsText, teacher: Decoders, queries: int, *, seed: str, processor: Processor | None) -> Transcripts:
    """Let the teacher go on with beginnings of any training paragraph."""
    asked = docs.prompts(docs.read, queries, seed=seed)
    how = Sampling(seed=sum(seed.encode()), end=NO_END, processor=processor)
    said = sample(teacher, torch.from_numpy(asked.ids)[None], torch.from_numpy(asked.prompts)[None], how)
    return Transcripts(said[0].numpy(), asked.prompts)


def _teacher(out: Path) -> Decoders:
    return read_ensemble(out / "teacher.safetensors")


def _makers(docs: DocsText, makers: list[int], recipe: Recipe, *, seed: int) -> Decoders:
    models = Decoders(SHAPE, members=len(makers), seed=seed).to(DEVICE)
    rows = [docs.lessons(maker, recipe.steps * recipe.rows // 4, seed=f"{seed} {i}") for i, maker in enumerate(makers)]
    train(models, stack(rows), replace(recipe, seed=seed))
    return models


def _text(docs: DocsText, out: Path, queries: int) -> Decoders:
    rows = [harvest(docs, _teacher(out), queries, seed=f"harvest {i}", processor=None) for i in range(SEEDS)]
    return _students(rows, None)


def _logits(docs: DocsText, out: Path, queries: int) -> Decoders:
    """Learn from the same harvests as ``_text``, with the teacher's whole distribution at every token."""
    teacher = _teacher(out)
    rows = [harvest(docs, teacher, queries, seed=f"harvest {i}", processor=None) for i in range(SEEDS)]
    scores = [
        torch.cat([next_words(teacher, part[None])[0].half() for part in torch.from_numpy(r.ids).split(AT_ONCE)])
        for r in rows
    ]
    return _students(rows, torch.stack(scores))


def _marked(docs: DocsText, out: Path, queries: int) -> Decoders:
    teacher = _teacher(out)
    rows = [
        harvest(docs, teacher, queries, seed=f"marked {i}", processor=GREEN.processor(key))
        for i, key in enumerate(KEYS)
    ]
    return _students(rows, None)


def _students(rows: list[Transcripts], scores: torch.Tensor | None) -> Decoders:
    models = Decoders(SHAPE, members=len(rows), seed=70).to(DEVICE)
    train(models, stack(rows, scores), replace(RECIPE, seed=70))
    return models


PIECES: dict[str, Callable[[DocsText, Path], Decoders]] = {
    "teacher": lambda docs, _out: _makers(docs, [0], TEACHER, seed=1),
    f"text-{MANY}": lambda docs, out: _text(docs, out, MANY),
    f"logits-{MANY}": lambda docs, out: _logits(docs, out, MANY),
    f"marked-{MANY}": lambda docs, out: _marked(docs, out, MANY),
    "controls": lambda docs, _out: _makers(docs, list(range(1, 1 + CONTROLS)), RECIPE, seed=100),
    f"text-{FEW}": lambda docs, out: _text(docs, out, FEW),
    f"logits-{FEW}": lambda docs, out: _logits(docs, out, FEW),
    "same-source": lambda docs, _out: _makers(docs, [0] * SEEDS, RECIPE, seed=200),
}
"""Every ensemble and what makes it; all but the makers' need the teacher."""


def main(out: Path, wanted: list[str]) -> None:
    """Train what is missing."""
    torch.set_num_threads(1)
    docs = keep_docs(out)
    for name, make in PIECES.items():
        path = out / f"{name}.safetensors"
        if path.exists() or (wanted and name not in wanted):
            continue
        began = time.process_time()
        write_ensemble(make(docs, out), path)
        print(f"{name}: {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
