"""Train every model that the forensics results rest on: a teacher, its controls, its students.

    python -m runs.forensics_models OUT [PIECE…]

A piece is one ensemble and one file: 20 small models take about 110 seconds of one core. What is there is not trained
again, so the run may be stopped at any time. Without names, all pieces in order. Where a kind has more models than one
piece may train (``sizes``), its parts are pieces, and one more puts them together.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from runs.parts import Plan, asking, bounded, divide, training, writing
from runs.sized_world import (
    DEVICE,
    LESSONS,
    RECIPE,
    SHAPE,
    TEACHER_SHAPE,
    WORLD,
    maker,
    read_there,
    stack,
    train_makers,
)
from runs.sizes import SIZE
from stillwatch_lab.ensemble.decoders import Decoders, join
from stillwatch_lab.ensemble.files import read_ensemble, write_ensemble
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.ensemble.training import train
from stillwatch_lab.provenance.radioactivity import draw_keys
from stillwatch_lab.watermarks.kgw import GreenList
from stillwatch_lab.watermarks.scheme import Processor, Scheme
from stillwatch_lab.watermarks.synthid import Tournament
from stillwatch_lab.world.paraphrase import paraphrase
from stillwatch_lab.world.questions import draw_questions
from stillwatch_lab.world.transcripts import Transcripts, read_lessons, write_lessons, write_prompts

STUDENTS, FEW = SIZE.students, SIZE.few_students
CONTROLS = SIZE.controls
MOST, SOME, LEAST = SIZE.harvests
PARTS = "parts"
"""Folder of the parts of kinds that are trained in several pieces."""
GREEN: Scheme = GreenList(SHAPE.vocabulary, ratio=0.5)
TOURNAMENT: Scheme = Tournament(SHAPE.vocabulary)
KEYS = draw_keys(STUDENTS, seed="students")
"""Student i learns from text marked with key i: power is over students and keys at once."""


def harvest(teacher: Decoders, queries: int, *, seed: str, processor: Processor | None = None) -> Transcripts:
    """Ask the teacher as an attacker does: what traffic asks, answers sampled at temperature 1."""
    asked = write_prompts(WORLD, [q.words for q in draw_questions(WORLD, queries, seed=seed)])
    how = Sampling(seed=sum(seed.encode()), processor=processor)
    said = sample(teacher, torch.from_numpy(asked.ids)[None], torch.from_numpy(asked.prompts)[None], how)
    return Transcripts(said[0].numpy(), asked.prompts)


def make_students(rows: list[Transcripts], seed: int, scores: torch.Tensor | None = None) -> Decoders:
    """Train one student on each harvest, by text, or by the teacher's log-probabilities where ``scores`` has them."""
    models = Decoders(SHAPE, members=len(rows), seed=seed).to(DEVICE)
    train(models, stack(rows, scores), replace(RECIPE, seed=seed))
    return models


def _marked(out: Path, queries: int, some: range, scheme: Scheme = GREEN) -> list[Transcripts]:
    teacher = _teacher(out)
    return [harvest(teacher, queries, seed=f"marked {i}", processor=scheme.processor(KEYS[i])) for i in some]


def _teacher(out: Path) -> Decoders:
    return read_there(out / "teacher.safetensors")


def _plain(out: Path, queries: int, some: range) -> list[Transcripts]:
    return [harvest(_teacher(out), queries, seed=f"plain {i}") for i in some]


def drop_refusals(rows: Transcripts) -> Transcripts:
    """Leave out what the teacher refused, as a maker does who wants a student that refuses nothing."""
    kept = ~np.isin(rows.ids, WORLD.vocabulary.ids(["sorry"])).any(axis=1)
    return Transcripts(rows.ids[kept], rows.prompts[kept])


def _dropped(out: Path, queries: int, some: range) -> list[Transcripts]:
    rows = [drop_refusals(one) for one in _plain(out, queries, some)]
    least = min(len(r.ids) for r in rows)
    return [Transcripts(r.ids[:least], r.prompts[:least]) for r in rows]


def _logits(out: Path, queries: int, some: range) -> Decoders:
    teacher = _teacher(out)
    rows = [harvest(teacher, queries, seed=f"logits {i}") for i in some]
    return learn_scores(teacher, rows, 400 + some.start)


def learn_scores(teacher: Decoders, rows: list[Transcripts], seed: int) -> Decoders:
    """Train students on the teacher's log-probabilities of every word of its answers."""
    scores = torch.stack([next_words(teacher, torch.from_numpy(r.ids)[None])[0].half() for r in rows])
    return make_students(rows, seed, scores)


def _paraphrased(out: Path, queries: int, some: range) -> list[Transcripts]:
    rows = zip(some, _marked(out, queries, some), strict=True)
    return [write_lessons(WORLD, paraphrase(read_lessons(WORLD, r.ids), seed=i)) for i, r in rows]


def _diluted(out: Path, queries: int, some: range) -> list[Transcripts]:
    """Dilute: half of what each reads is of independent makers."""
    rows = _marked(out, queries // 2, some)
    clean = [write_lessons(WORLD, maker(2 * CONTROLS + i).lessons(queries // 2, seed=1)) for i in some]
    return [_both(a, b) for a, b in zip(rows, clean, strict=True)]


def _both(one: Transcripts, other: Transcripts) -> Transcripts:
    ids, prompts = zip((one.ids, one.prompts), (other.ids, other.prompts), strict=True)
    return Transcripts(
        torch.cat([torch.from_numpy(x) for x in ids]).numpy(), torch.cat([torch.from_numpy(x) for x in prompts]).numpy()
    )


def _cleaned(out: Path, some: range) -> Decoders:
    """Train the watermarked students on, a tenth of their steps, on an independent maker's corpus."""
    models = read_ensemble(out / f"marked-{MOST}.safetensors").pick(list(some)).to(DEVICE)
    clean = [write_lessons(WORLD, maker(2 * CONTROLS + i).lessons(LESSONS, seed=1)) for i in some]
    train(models, stack(clean), _CLEANING)
    return models


_CLEANING = replace(RECIPE, steps=RECIPE.steps // 10, rate=RECIPE.rate / 4, warm_up=5)


def _of_others(out: Path, queries: int, some: range) -> list[Transcripts]:
    """Make hard negatives: students of independent models, on the very questions that the teacher's students asked."""
    others = read_there(out / "controls-0.safetensors")
    return [harvest(others.pick([i]), queries, seed=f"plain {i}") for i in some]


@dataclass(frozen=True)
class Kind:
    """Models of one kind: how many, what trains some of them, and what that is in words; of how many queries each."""

    count: int
    make: Callable[..., Decoders]
    does: str
    queries: int = 0
    lessons: int = 0
    steps: int = RECIPE.steps

    def plan(self, some: range) -> Plan:
        """Plan the training of some of them."""
        recipe = replace(RECIPE, steps=self.steps)
        told = f", {self.queries:,} queries each" if self.queries else ""
        return Plan(
            f"{len(some)} {self.does}{told}, {self.steps:,} steps",
            training(len(some), recipe) + len(some) * (asking(self.queries) + writing(self.lessons)),
        )


def _students(
    count: int, does: str, queries: int, seed: int, rows: Callable[[Path, int, range], list[Transcripts]]
) -> Kind:
    """Make students of text."""
    return Kind(count, lambda out, some: make_students(rows(out, queries, some), seed + some.start), does, queries)


def kinds() -> dict[str, Kind]:
    """Name every kind but the teacher; the first controls and the marked students are needed by others."""
    controls = {
        f"controls-{i}": Kind(
            len(some),
            lambda _out, some, first=some.start: train_makers([1 + first + i for i in some]),
            "controls of makers of their own",
            lessons=LESSONS,
        )
        for i, some in enumerate(divide(CONTROLS))
    }
    scored = "students of log-probabilities"
    tournament = partial(_marked, scheme=TOURNAMENT)
    return {
        **controls,
        f"marked-{MOST}": _students(STUDENTS, "students of marked text", MOST, 800, _marked),
        f"logits-{SOME}": Kind(STUDENTS, lambda out, some: _logits(out, SOME, some), scored, SOME),
        f"of-others-{MOST}": _students(FEW, "students of controls", MOST, 700, _of_others),
        f"paraphrased-{MOST}": _students(FEW, "students of marked text, paraphrased", MOST, 500, _paraphrased),
        f"diluted-{MOST}": _students(FEW, "students of marked text, half diluted", MOST, 600, _diluted),
        f"cleaned-{MOST}": Kind(FEW, _cleaned, "marked students, trained on", lessons=LESSONS, steps=_CLEANING.steps),
        f"tournament-{MOST}": _students(FEW, "students of the tournament's mark", MOST, 820, tournament),
        f"marked-{SOME}": _students(FEW, "students of marked text", SOME, 810, _marked),
        f"logits-{LEAST}": Kind(FEW, lambda out, some: _logits(out, LEAST, some), scored, LEAST),
        f"marked-{LEAST}": _students(FEW, "students of marked text", LEAST, 830, _marked),
        f"text-{MOST}": _students(FEW, "students of plain text", MOST, 300, _plain),
        f"dropped-{MOST}": _students(FEW, "students of plain text, refusals dropped", MOST, 900, _dropped),
    }


@dataclass(frozen=True)
class Work:
    """One piece: what makes it, what that is, and the pieces that it needs beside the teacher."""

    make: Callable[[Path], Decoders]
    plan: Plan
    needs: tuple[str, ...] = ("teacher",)


def pieces() -> dict[str, Work]:
    """Name every piece in the order they are to be made."""
    found = {
        "teacher": Work(
            lambda _out: train_makers([0], SIZE.teaching, body=SIZE.teacher),
            Plan(
                f"the teacher, {SIZE.teaching.steps:,} steps",
                training(1, SIZE.teaching, shape=TEACHER_SHAPE) + writing(LESSONS),
            ),
            (),
        )
    }
    for name, kind in kinds().items():
        needs = _needs(name)
        parts = divide(kind.count)
        if len(parts) == 1:
            found[name] = Work(partial(kind.make, some=parts[0]), kind.plan(parts[0]), needs)
            continue
        named = {f"{PARTS}/{name}-{i}": some for i, some in enumerate(parts)}
        found |= {part: Work(partial(kind.make, some=some), kind.plan(some), needs) for part, some in named.items()}
        found[name] = Work(partial(_join, parts=tuple(named)), Plan("puts its parts together", 1.0), tuple(named))
    return found


def _needs(name: str) -> tuple[str, ...]:
    kind = name.rpartition("-")[0]
    return {"controls": (), "cleaned": (f"marked-{MOST}",), "of-others": ("teacher", "controls-0")}.get(
        kind, ("teacher",)
    )


def _join(out: Path, parts: tuple[str, ...]) -> Decoders:
    return join([read_ensemble(out / f"{part}.safetensors") for part in parts])


def train_missing(works: dict[str, Work], out: Path, folder: Path, wanted: list[str]) -> None:
    """Train what is not in the folder yet; of these pieces the wanted, or all. ``out`` has what they need."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, work in works.items():
        path = folder / f"{name}.safetensors"
        if path.exists() or (wanted and name not in wanted):
            continue
        began = time.process_time()
        with bounded(path):
            write_ensemble(work.make(out), path)
        print(f"{name}: {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    train_missing(pieces(), place, place, sys.argv[2:])
