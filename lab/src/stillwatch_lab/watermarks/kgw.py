"""The green-list watermark of Kirchenbauer et al. 2023 (arXiv 2301.10226), seeded by the word before.

Bit for bit that of ``transformers.WatermarkLogitsProcessor`` with ``seeding_scheme="lefthash"``, whose loop over rows
is replaced by a table, since a small vocabulary has few words before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.watermarks.scheme import Processor

SEED_MODULUS = 2**64 - 1
"""transformers reduces ``key * word`` by it before seeding."""


@dataclass(frozen=True)
class GreenList:
    """``ratio`` of the vocabulary is green after each word; its scores rise by ``bias`` (transformers' defaults)."""

    vocabulary: int
    ratio: float = 0.25
    bias: float = 2.0
    width: int = 1

    def processor(self, key: int) -> Processor:
        """Raise the green words' scores."""
        raised = self.bias * self.marks(key, torch.arange(self.vocabulary)[:, None])
        return lambda ids, scores: scores + raised[ids[:, -1]]

    def marks(self, key: int, contexts: Tensor) -> Tensor:
        """Mark green words with 1."""
        before, place = contexts[:, -1].unique(return_inverse=True)
        green = torch.zeros(len(before), self.vocabulary)
        draw = torch.Generator()
        count = int(self.vocabulary * self.ratio)
        for row, word in enumerate(before.tolist()):
            draw.manual_seed(key * word % SEED_MODULUS)
            green[row, torch.randperm(self.vocabulary, generator=draw)[:count]] = 1.0
        return green[place]

    def detect(self, key: int, ids: Tensor) -> tuple[float, float]:
        """Test one text for the watermark: z and one-sided normal p, each pair of words counted (the paper's test)."""
        green = float(self.marks(key, ids[:-1, None])[torch.arange(len(ids) - 1), ids[1:]].sum())
        count = len(ids) - 1
        z = (green - self.ratio * count) / math.sqrt(count * self.ratio * (1 - self.ratio))
        return z, 0.5 * math.erfc(z / math.sqrt(2))
