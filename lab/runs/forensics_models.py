"""Train every model that the forensics results rest on: a teacher, its controls, its students.

    python -m runs.forensics_models OUT [PIECE…]

A piece is one ensemble and one file: 20 models take about 110 seconds of one core. What is there is not trained again,
so the run may be stopped at any time. Without names, all pieces in order.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from runs.small_world import DEVICE, LESSONS, RECIPE, SHAPE, WORLD, maker, stack, train_makers
from stillwatch_lab.ensemble.decoders import Decoders
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

STUDENTS, FEW = 20, 6
"""Students of the cells that carry a conclusion, and of those that show how it changes."""
CONTROLS = 100
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


def _marked(out: Path, queries: int, scheme: Scheme = GREEN, *, students: int = FEW) -> list[Transcripts]:
    teacher = read_ensemble(out / "teacher.safetensors")
    keys = enumerate(KEYS[:students])
    return [harvest(teacher, queries, seed=f"marked {i}", processor=scheme.processor(k)) for i, k in keys]


def _text(out: Path, queries: int) -> Decoders:
    teacher = read_ensemble(out / "teacher.safetensors")
    return make_students([harvest(teacher, queries, seed=f"plain {i}") for i in range(FEW)], 300)


def drop_refusals(rows: Transcripts) -> Transcripts:
    """Leave out what the teacher refused, as a maker does who wants a student that refuses nothing."""
    kept = ~np.isin(rows.ids, WORLD.vocabulary.ids(["sorry"])).any(axis=1)
    return Transcripts(rows.ids[kept], rows.prompts[kept])


def _dropped(out: Path, queries: int) -> Decoders:
    teacher = read_ensemble(out / "teacher.safetensors")
    rows = [drop_refusals(harvest(teacher, queries, seed=f"plain {i}")) for i in range(FEW)]
    least = min(len(r.ids) for r in rows)
    return make_students([Transcripts(r.ids[:least], r.prompts[:least]) for r in rows], 900)


def _logits(out: Path, queries: int, *, students: int = FEW) -> Decoders:
    teacher = read_ensemble(out / "teacher.safetensors")
    return learn_scores(teacher, [harvest(teacher, queries, seed=f"logits {i}") for i in range(students)], 400)


def learn_scores(teacher: Decoders, rows: list[Transcripts], seed: int) -> Decoders:
    """Train students on the teacher's log-probabilities of every word of its answers."""
    scores = torch.stack([next_words(teacher, torch.from_numpy(r.ids)[None])[0].half() for r in rows])
    return make_students(rows, seed, scores)


def _paraphrased(out: Path, queries: int) -> Decoders:
    rows = _marked(out, queries)
    texts = [paraphrase(read_lessons(WORLD, r.ids), seed=i) for i, r in enumerate(rows)]
    return make_students([write_lessons(WORLD, t) for t in texts], 500)


def _diluted(out: Path, queries: int) -> Decoders:
    """Dilute: half of what each reads is of independent makers."""
    rows = _marked(out, queries // 2)
    clean = [write_lessons(WORLD, maker(200 + i).lessons(queries // 2, seed=1)) for i in range(FEW)]
    return make_students([_both(a, b) for a, b in zip(rows, clean, strict=True)], 600)


def _both(one: Transcripts, other: Transcripts) -> Transcripts:
    ids, prompts = zip((one.ids, one.prompts), (other.ids, other.prompts), strict=True)
    return Transcripts(
        torch.cat([torch.from_numpy(x) for x in ids]).numpy(), torch.cat([torch.from_numpy(x) for x in prompts]).numpy()
    )


def _cleaned(out: Path) -> Decoders:
    """Train the watermarked students on, a tenth of their steps, on an independent maker's corpus."""
    models = read_ensemble(out / "marked-4000.safetensors").pick(list(range(FEW))).to(DEVICE)
    clean = [write_lessons(WORLD, maker(200 + i).lessons(LESSONS, seed=1)) for i in range(FEW)]
    train(models, stack(clean), replace(RECIPE, steps=RECIPE.steps // 10, rate=RECIPE.rate / 4, warm_up=5))
    return models


def _of_others(out: Path, queries: int) -> Decoders:
    """Make hard negatives: students of independent models, on the very questions that the teacher's students asked."""
    others = read_ensemble(out / "controls-0.safetensors")
    return make_students([harvest(others.pick([i]), queries, seed=f"plain {i}") for i in range(FEW)], 700)


def pieces() -> dict[str, Callable[[Path], Decoders]]:
    """Name every ensemble and what makes it; those after the teacher and the first controls stand alone."""
    makers = {
        f"controls-{i}": lambda _out, i=i: train_makers(list(range(1 + STUDENTS * i, 1 + STUDENTS * (i + 1))))
        for i in range(CONTROLS // STUDENTS)
    }
    return {
        "teacher": lambda _out: train_makers([0], replace(RECIPE, steps=1500, rows=128)),
        **makers,
        "marked-4000": lambda out: make_students(_marked(out, 4000, students=STUDENTS), 800),
        "logits-1000": lambda out: _logits(out, 1000, students=STUDENTS),
        "of-others-4000": lambda out: _of_others(out, 4000),
        "paraphrased-4000": lambda out: _paraphrased(out, 4000),
        "diluted-4000": lambda out: _diluted(out, 4000),
        "cleaned-4000": _cleaned,
        "tournament-4000": lambda out: make_students(_marked(out, 4000, TOURNAMENT), 820),
        "marked-1000": lambda out: make_students(_marked(out, 1000), 810),
        "logits-250": lambda out: _logits(out, 250),
        "marked-250": lambda out: make_students(_marked(out, 250), 830),
        "text-4000": lambda out: _text(out, 4000),
        "dropped-4000": lambda out: _dropped(out, 4000),
    }


def main(out: Path, wanted: list[str]) -> None:
    """Train what is missing."""
    torch.set_num_threads(1)
    for name, make in pieces().items():
        path = out / f"{name}.safetensors"
        if path.exists() or (wanted and name not in wanted):
            continue
        began = time.process_time()
        write_ensemble(make(out), path)
        print(f"{name}: {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
