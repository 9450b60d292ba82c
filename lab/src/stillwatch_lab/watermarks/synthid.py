"""The tournament watermark of SynthID-Text (Dathathri et al., Nature 2024), through the implementation in transformers.

Non-distortionary: averaged over keys it leaves the distribution of each word as it was, so little of it is expected
to pass to a student.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.generation.logits_process import SynthIDTextWatermarkLogitsProcessor

from stillwatch_lab.watermarks.scheme import Processor

DEPTH = 9
"""Rounds of the tournament: as many keys as transformers' example has; 30 in the paper's deployment."""
TABLE, TABLE_SEED, HISTORY = 2**16, 0, 1024
"""transformers' defaults: size and seed of the table of g-values, and how many contexts a text remembers."""


@dataclass(frozen=True)
class Tournament:
    """The choice depends on the two words before (``width``)."""

    vocabulary: int
    width: int = 2
    depth: int = DEPTH

    def processor(self, key: int) -> Processor:
        """Make transformers' processor."""
        made: Processor = self._reference(key)
        return made

    def _reference(self, key: int) -> Any:
        """Make transformers' processor with the ``depth`` keys that ``key`` expands to."""
        draw = random.Random(f"tournament {key}")
        keys = [draw.randrange(1, 2**31) for _ in range(self.depth)]
        return SynthIDTextWatermarkLogitsProcessor(
            ngram_len=self.width + 1,
            keys=keys,
            sampling_table_size=TABLE,
            sampling_table_seed=TABLE_SEED,
            context_history_size=HISTORY,
            device=torch.device("cpu"),
        )

    def marks(self, key: int, contexts: Tensor) -> Tensor:
        """Mark each word with its mean g-value over the rounds (the paper's mean detector)."""
        made = self._reference(key)
        words = torch.arange(self.vocabulary).expand(len(contexts), -1)
        keys, _ = made._compute_keys(contexts, words)  # noqa: SLF001 - g-values of given contexts have no public door
        marks: Tensor = made.sample_g_values(keys).float().mean(-1)
        return marks
