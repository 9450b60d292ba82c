"""The likeliest few log-probabilities, as most APIs give them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from stillwatch_lab.defences.defence import Answers, Defence, defence
from stillwatch_lab.world.world import World


@defence("logprobs-top-k")
@dataclass(frozen=True)
class TopK(Defence):
    """Show the ``k`` likeliest words of each place and nothing of the rest."""

    misses = "a student: where few words are likely, the few are nearly all of the mass"
    k: int = 5

    def show(self, answers: Answers, _world: World) -> Answers:
        """Keep the k largest of each place."""
        if answers.scores is None:
            return answers
        top = answers.scores.topk(int(self.k), dim=-1)
        shown = torch.full_like(answers.scores, float("-inf")).scatter(-1, top.indices, top.values)
        return replace(answers, scores=shown)
