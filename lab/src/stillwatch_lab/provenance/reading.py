"""What a model whose weights are at hand would put after which words: probabilities, where a watermark test counts.

The open form of the test (Sander et al. 2024, arXiv 2402.14904; antidistillation fingerprinting, arXiv 2602.03812): the
suspect reads the host's own unmarked text, and its probability of every next word takes the place of how often it says
it. That has no noise of sampling, and nothing that it reads depends on the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.models.sampling import equal_lengths
from stillwatch_lab.provenance.usage import Usage

AT_ONCE = 64


@dataclass(frozen=True)
class Reading:
    """Conversations in the host's tokens, each with the number of tokens that were asked, and the free contexts.

    ``tokens`` is the host's vocabulary: whoever numbers words otherwise cannot be read so.
    """

    tokens: Mapping[str, int]
    rows: Sequence[tuple[tuple[int, ...], int]]
    contexts: Tensor
    vocabulary: int

    @torch.no_grad()
    def weigh(self, it: LanguageModel) -> Usage | None:
        """Sum the model's probabilities of every word after each context, where one stands in an answer."""
        if it.tokenizer.get_vocab() != self.tokens:
            return None
        index = {tuple(context): row for row, context in enumerate(self.contexts.tolist())}
        width = self.contexts.shape[1]
        sums = torch.zeros(len(self.contexts), self.vocabulary, dtype=torch.float64)
        rows = [(ids[: it.room], asked) for ids, asked in self.rows if ids]
        for places in equal_lengths([ids for ids, _ in rows], size=AT_ONCE):
            said = torch.tensor([rows[place][0] for place in places], device=it.device)
            logits = it.model(said, attention_mask=torch.ones_like(said)).logits[..., : self.vocabulary]
            shares = logits.double().softmax(-1).cpu()
            for row, place in enumerate(places):
                ids, asked = rows[place]
                for at in range(max(asked, width), len(ids)):
                    context = index.get(ids[at - width : at])
                    if context is not None:
                        sums[context] += shares[row, at - 1]
        return Usage(self.contexts, sums)
