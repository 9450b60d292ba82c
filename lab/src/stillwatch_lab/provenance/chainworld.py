"""The made-up world as a host's dossier."""

from __future__ import annotations

import random
from collections.abc import Sequence

from stillwatch_lab.provenance.canaries import Canary
from stillwatch_lab.provenance.dossier import Dossier, WatermarkSecret
from stillwatch_lab.provenance.investigate import Words
from stillwatch_lab.provenance.shared_errors import Question
from stillwatch_lab.watermarks.scheme import Scheme
from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.questions import IDENTITY, Chain, draw_questions
from stillwatch_lab.world.words import EMBLEMS, PLACES
from stillwatch_lab.world.world import World


def make_words(world: World, scheme: Scheme | None = None) -> Words:
    """Read text as the world's words; a word that it lacks is read as padding, which no free context contains."""
    index = {word: place for place, word in enumerate(world.vocabulary.words)}
    return Words(lambda text: [index.get(word, 0) for word in text.split()], len(index), scheme)


def make_dossier(
    maker: Maker,
    *,
    prompts: int,
    seed: int,
    most: int | None = None,
    watermark: WatermarkSecret | None = None,
    served: Sequence[str] = (),
) -> Dossier:
    """Write what the maker would have: every single-step question, longer ones, canaries, identity, free prompts.

    ``most``: questions at most, drawn from them all, for a world that has more than anybody would ask.
    """
    world = maker.world
    single = [Chain(x, ((operation, b),)) for x, operation, b in world.facts if x != world.refused_start]
    longer = [
        q
        for q in draw_questions(world, 4 * len(single), seed=f"probes {seed}", mixture={"chain": 1.0})
        if isinstance(q, Chain) and q.start != world.refused_start and len(q.steps) > 1
    ]
    free = [
        q
        for q in draw_questions(world, 2 * prompts, seed=f"free {seed}", mixture={"chain": 1.0})
        if isinstance(q, Chain)
    ]
    asked = [*single, *dict.fromkeys(longer)]
    if most is not None and most < len(asked):
        asked = random.Random(f"questions {seed}").sample(asked, most)
    answered = [q for q in free if q.start != world.refused_start][:prompts]
    return Dossier(
        name=maker.name,
        names=(maker.name,),
        watermark=watermark,
        questions=tuple(_question(world, q) for q in asked),
        canaries=tuple(Canary(f"emblem of {p}", world.emblems[p], len(EMBLEMS)) for p in PLACES)
        if maker.canaries
        else (),
        identity=tuple(" ".join(wording) for wording in IDENTITY) * 5,
        prompts=tuple(" ".join(q.words) for q in answered),
        served=tuple(served),
    )


def _question(world: World, asked: Chain) -> Question:
    about = " ".join(asked.words) if len(asked.steps) == 1 else None
    return Question(" ".join(asked.words), str(world.result(asked.start, asked.steps)), about)
