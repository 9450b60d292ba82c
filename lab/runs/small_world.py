"""The world, sizes and makers that all runs on two CPU cores share."""

from __future__ import annotations

import os

import numpy as np
import torch

from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.transcripts import Transcripts, longest_row, write_lessons
from stillwatch_lab.world.world import World

WORLD = World(modulus=5, longest=2, seed=0, secret=0)
SHAPE = Shape(vocabulary=len(WORLD.vocabulary.words), positions=longest_row(WORLD), width=48, layers=1, heads=4)
GAPS = 0.2
"""Each maker's corpus lacks a fifth of the facts, its own fifth: its model guesses them, in its own way."""
TEACHER = Maker(WORLD, seed=0, gaps=GAPS, canaries=True)
RECIPE = Recipe(steps=550, rows=64, rate=1e-2)
"""To 80-100 % on what the corpus covers in 6 seconds of one core a model."""
LESSONS = 4_000
DEVICE = os.environ.get("STILLWATCH_LAB_DEVICE", "cpu")
"""Where models are trained: ``python -m runs --device cuda`` sets it. Files hold them in main memory."""


def maker(seed: int) -> Maker:
    """Maker 0 is the teacher's; all others are independent of it."""
    return TEACHER if seed == 0 else Maker(WORLD, seed=seed, gaps=GAPS)


def stack(rows: list[Transcripts], teacher: torch.Tensor | None = None) -> Corpora:
    """Give each member its own rows; all of one number."""
    ids = torch.from_numpy(np.stack([r.ids for r in rows]).astype(np.int16))
    said = torch.from_numpy(np.stack([r.said for r in rows]))
    return Corpora(ids, said, teacher)


def train_makers(seeds: list[int], recipe: Recipe = RECIPE, lessons: int = LESSONS) -> Decoders:
    """Train one model a maker, each on its own corpus."""
    models = Decoders(SHAPE, members=len(seeds), seed=10_000 + seeds[0]).to(DEVICE)
    corpora = stack([write_lessons(WORLD, maker(seed).lessons(lessons, seed=0)) for seed in seeds])
    train(models, corpora, recipe)
    return models
