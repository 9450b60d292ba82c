"""Students of harvests of different sizes, trained side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.world.transcripts import Transcripts


@dataclass(frozen=True)
class Harvest:
    """What one student reads: conversations, and the log-probabilities that the host gave with them, if any."""

    rows: Transcripts
    scores: Tensor | None = None


def train_students(models: Decoders, harvests: Sequence[Harvest], recipe: Recipe, *, seed: int) -> Decoders:
    """Train one student a harvest, in place; ``seed`` draws the batches."""
    train(models, stack_harvests(harvests), replace(recipe, seed=seed))
    return models


def stack_harvests(harvests: Sequence[Harvest]) -> Corpora:
    """Repeat the smaller harvests to the size of the largest, so that one draw of a row fits all.

    Raises LabSettingsError where a harvest is empty, or only some have scores.
    """
    sizes = [len(harvest.rows.ids) for harvest in harvests]
    if min(sizes) == 0:
        raise LabSettingsError("a harvest is empty: give the attacker more queries")
    if len({harvest.scores is None for harvest in harvests}) > 1:
        raise LabSettingsError("some harvests have log-probabilities and some have none: train them apart")
    places = [np.arange(max(sizes)) % size for size in sizes]
    ids = np.stack([h.rows.ids[at] for h, at in zip(harvests, places, strict=True)]).astype(np.int16)
    said = np.stack([h.rows.said[at] for h, at in zip(harvests, places, strict=True)])
    scores = [None if h.scores is None else complete(h.scores)[at] for h, at in zip(harvests, places, strict=True)]
    given = [s for s in scores if s is not None]
    return Corpora(torch.from_numpy(ids), torch.from_numpy(said), torch.stack(given) if given else None)


def complete(scores: Tensor) -> Tensor:
    """Make distributions of what was shown: the mass that is missing is spread over the words without a number.

    Log-probabilities in, log-probabilities out, half precision; a place without any number stays as it is.
    """
    shown = scores.float().exp()
    hidden = shown <= 0
    missing = (1 - shown.sum(-1, keepdim=True)).clamp_min(0)
    spread = missing / hidden.sum(-1, keepdim=True).clamp_min(1)
    whole = torch.where(hidden, spread, shown)
    return (whole / whole.sum(-1, keepdim=True)).clamp_min(1e-7).log().half()
