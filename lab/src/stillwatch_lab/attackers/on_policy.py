"""The attacker that lets the host score what its student writes (GKD, Agarwal et al. 2024)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from stillwatch_lab.attackers.attacker import Attacker, Budget, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest, stack_harvests
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.sampling import Sampling, sample
from stillwatch_lab.ensemble.training import train
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.world.transcripts import Transcripts, write_prompts

ROUNDS = 4
"""The first on the teacher's text, the rest on the student's own; all text of all rounds is kept (as in DAgger)."""


@attacker("on-policy")
@dataclass(frozen=True)
class OnPolicy(Attacker):
    """Each text that the host scores is a query, its own or the student's."""

    def distil(self, orders: Sequence[Order], budget: Budget, *, seed: int) -> Decoders:
        """Train in rounds, as many steps in all as the other attackers. Raises LabSettingsError without scores."""
        models = Decoders(budget.shape, members=len(orders), seed=seed).to(budget.device)
        recipe = replace(budget.recipe, steps=budget.recipe.steps // ROUNDS, seed=seed)
        parts = [order._replace(queries=order.queries // ROUNDS) for order in orders]
        read = [harvest(part, ask_as_traffic(part), scored=True) for part in parts]
        for number in range(ROUNDS):
            if any(one.scores is None for one in read):
                raise LabSettingsError("on-policy distillation wants log-probabilities, and this host gives none")
            train(models, stack_harvests(read), recipe)
            if number < ROUNDS - 1:
                later = [part._replace(seed=f"{part.seed} {number}") for part in parts]
                read = [_joined(old, new) for old, new in zip(read, _scored(models, later), strict=True)]
        return models


def _scored(models: Decoders, orders: Sequence[Order]) -> list[Harvest]:
    """Let each student answer its own questions, and its host score that. All rows of the largest, then cut."""
    most = max(order.queries for order in orders)
    asked = [
        write_prompts(order.host.world, [q.words for q in ask_as_traffic(order._replace(queries=most))])
        for order in orders
    ]
    said = sample(
        models,
        torch.from_numpy(np.stack([a.ids for a in asked])),
        torch.from_numpy(np.stack([a.prompts for a in asked])),
        Sampling(seed=zlib.crc32(orders[0].seed.encode())),
    )
    found = []
    for order, one, ids in zip(orders, asked, said.numpy(), strict=True):
        answers = order.host.score(Transcripts(ids[: order.queries], one.prompts[: order.queries]))
        found.append(Harvest(answers.rows, answers.scores))
    return found


def _joined(old: Harvest, new: Harvest) -> Harvest:
    rows = Transcripts(
        np.concatenate([old.rows.ids, new.rows.ids]), np.concatenate([old.rows.prompts, new.rows.prompts])
    )
    both = None if old.scores is None or new.scores is None else torch.cat([old.scores, new.scores])
    return Harvest(rows, both)
