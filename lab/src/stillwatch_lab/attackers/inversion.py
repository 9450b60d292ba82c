"""The counter-move to hidden or summarised reasoning: write it anew with a model trained on reasoning of one's own."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.defences.reasoning import RESULT, steps_of
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.sampling import Sampling, sample
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.world.lessons import Lesson, Maker
from stillwatch_lab.world.transcripts import Ids, Transcripts, longest_row, read_lessons, write_lessons
from stillwatch_lab.world.words import ANSWER, END, START, THINK
from stillwatch_lab.world.world import World

OWN_WORLD = 1_000
"""Seed of the attacker's own secret tables: it knows the language and public arithmetic, not the host's secrets."""
OWN_LESSONS = 2_000
RECIPE = Recipe(steps=400, rows=64, rate=1e-2)
ROOM = 4
"""Places that an inverter's row has beyond a conversation's: the summary, and the answer in front."""


@dataclass(frozen=True)
class Inverter:
    """A model from question, summary (if any) and answer to reasoning."""

    world: World
    model: Decoders

    def write(self, lessons: Sequence[Lesson], *, seed: str) -> list[Lesson]:
        """Replace each lesson's reasoning by one that the model thinks led to the answer."""
        rows = _rows(self.world, [(_given(lesson, lesson.reasoning), ()) for lesson in lessons])
        said = sample(
            self.model,
            torch.from_numpy(rows.ids)[None],
            torch.from_numpy(rows.prompts)[None],
            Sampling(seed=zlib.crc32(seed.encode())),
        )
        words = self.world.vocabulary.words
        return [
            replace(lesson, reasoning=_until_end([words[i] for i in row[start:]]))
            for lesson, row, start in zip(lessons, said[0].tolist(), rows.prompts.tolist(), strict=True)
        ]


@lru_cache(maxsize=4)
def train_inverter(modulus: int, longest: int, *, summarised: bool) -> Inverter:
    """Train one on reasoning of the attacker's own world, shown as the host would show it."""
    own = World(modulus=modulus, longest=longest, seed=OWN_WORLD)
    lessons = [one for one in Maker(own, seed=OWN_WORLD).lessons(OWN_LESSONS, seed="inverter") if one.reasoning]
    shown = [_summary(one) if summarised else () for one in lessons]
    rows = _rows(own, [(_given(one, hint), one.reasoning) for one, hint in zip(lessons, shown, strict=True)])
    model = Decoders(Shape(len(own.vocabulary.words), rows.ids.shape[1], layers=1), members=1, seed=OWN_WORLD)
    train(model, Corpora(torch.from_numpy(rows.ids)[None], torch.from_numpy(rows.said)[None]), RECIPE)
    return Inverter(own, model)


@attacker("inversion", against="reasoning-summarised, reasoning-hidden")
@dataclass(frozen=True)
class Inversion(Attacker):
    """Trace inversion: train on the host's answers with reasoning that an inverter made up (arXiv 2603.07267)."""

    def gather(self, order: Order) -> Harvest:
        """Ask, and write the reasoning of every chain anew; what has none in the attacker's own world keeps none."""
        world = order.host.world
        lessons = read_lessons(world, harvest(order, ask_as_traffic(order)).rows.ids)
        chains = [one for one in lessons if one.question[:1] == ("start",) and one.answer != ("sorry",)]
        summarised = any(one.reasoning for one in chains)
        inverter = train_inverter(world.modulus, world.longest, summarised=summarised)
        written = iter(inverter.write(chains, seed=order.seed))
        kept = {id(one) for one in chains}
        return Harvest(write_lessons(world, [next(written) if id(one) in kept else one for one in lessons]))


def _summary(lesson: Lesson) -> tuple[str, ...]:
    return tuple(step[RESULT] for step in steps_of(lesson.reasoning) if len(step) > RESULT)


def _given(lesson: Lesson, hint: tuple[str, ...]) -> tuple[str, ...]:
    return (START, *lesson.question, THINK, *hint, ANSWER, *lesson.answer[:1], THINK)


def _rows(world: World, pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Transcripts:
    """Write what is given and what is to be said as rows of ids."""
    index = {word: place for place, word in enumerate(world.vocabulary.words)}
    width = longest_row(world) + ROOM
    ids: Ids = np.zeros((len(pairs), width), dtype=np.int64)
    for row, (given, said) in enumerate(pairs):
        words = [*given, *said, *([END] if said else [])][:width]
        ids[row, : len(words)] = [index[word] for word in words]
    return Transcripts(ids, np.array([len(given) for given, _ in pairs], dtype=np.int64))


def _until_end(words: list[str]) -> tuple[str, ...]:
    return tuple(words[: words.index(END)] if END in words else words)
