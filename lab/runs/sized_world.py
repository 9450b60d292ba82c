"""The world, shapes and makers that all runs share, as large as ``sizes`` says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from runs.sizes import SIZE, Body
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.files import read_ensemble
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.transcripts import Transcripts, longest_row, write_lessons
from stillwatch_lab.world.world import World

WORLD = World(modulus=SIZE.modulus, longest=SIZE.longest, seed=0, secret=0)
GAPS = 0.2
"""Each maker's corpus lacks a fifth of the facts, its own fifth: its model guesses them, in its own way."""
TEACHER = Maker(WORLD, seed=0, gaps=GAPS, canaries=True)
RECIPE = SIZE.learning
LESSONS = SIZE.lessons
DEVICE = os.environ.get("STILLWATCH_LAB_DEVICE", "cpu")
"""Where models are trained and asked: ``python -m runs --device cuda`` sets it. Files hold them in main memory."""
if DEVICE != "cpu":
    torch.set_float32_matmul_precision("high")  # TF32: a GPU's plain single precision is several times slower


def shape(body: Body) -> Shape:
    """Give a model of these dimensions the world's words and places."""
    words, places = len(WORLD.vocabulary.words), longest_row(WORLD)
    return Shape(vocabulary=words, positions=places, width=body.width, layers=body.layers, heads=body.heads)


SHAPE, TEACHER_SHAPE = shape(SIZE.student), shape(SIZE.teacher)


def maker(seed: int) -> Maker:
    """Maker 0 is the teacher's; all others are independent of it."""
    return TEACHER if seed == 0 else Maker(WORLD, seed=seed, gaps=GAPS)


def stack(rows: list[Transcripts], teacher: torch.Tensor | None = None) -> Corpora:
    """Give each member its own rows; all of one number."""
    ids = torch.from_numpy(np.stack([r.ids for r in rows]).astype(np.int16))
    said = torch.from_numpy(np.stack([r.said for r in rows]))
    return Corpora(ids, said, teacher)


def train_makers(
    seeds: list[int], recipe: Recipe = RECIPE, lessons: int = LESSONS, *, body: Body = SIZE.student
) -> Decoders:
    """Train one model a maker, each on its own corpus."""
    models = Decoders(shape(body), members=len(seeds), seed=10_000 + seeds[0]).to(DEVICE)
    corpora = stack([write_lessons(WORLD, maker(seed).lessons(lessons, seed=0)) for seed in seeds])
    train(models, corpora, recipe)
    return models


def read_there(path: Path) -> Decoders:
    """Read an ensemble on to the device on which it is asked."""
    return read_ensemble(path).to(DEVICE)
