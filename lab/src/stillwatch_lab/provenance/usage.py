"""Which words a model puts after which: what watermark and style tests read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MIN_ENTROPY = 0.5
"""Nats: where the host's own model has less nothing is chosen freely, so no watermark shows (facts: free positions)."""
MIN_SEEN = 20
"""Occurrences in the host's text below which a context's entropy is a guess."""


@dataclass(frozen=True)
class Usage:
    """How often each word followed each of ``contexts`` (contexts, width): ``counts`` (contexts, vocabulary)."""

    contexts: Tensor
    counts: Tensor

    @property
    def seen(self) -> Tensor:
        """Count how often each context occurred."""
        return self.counts.sum(1)

    @property
    def shares(self) -> Tensor:
        """Give each context's shares; of a context that never occurred, zeros."""
        return self.counts / self.seen.clamp(min=1)[:, None]


def find_free_contexts(texts: Iterable[Sequence[int]], *, width: int, vocabulary: int) -> Tensor:
    """Find where the host's own unmarked ``texts`` go on in many ways: contexts (contexts, width), in order."""
    followers: dict[tuple[int, ...], list[int]] = {}
    for text in texts:
        for place in range(width, len(text)):
            followers.setdefault(tuple(text[place - width : place]), []).append(text[place])
    free = [context for context, words in sorted(followers.items()) if _is_free(words, vocabulary)]
    return torch.tensor(free, dtype=torch.long).view(-1, width)


def count_usage(texts: Iterable[Sequence[int]], contexts: Tensor, *, vocabulary: int) -> Usage:
    """Count what follows each of ``contexts`` in ``texts``."""
    index = {tuple(context): row for row, context in enumerate(contexts.tolist())}
    width = contexts.shape[1]
    counts = torch.zeros(len(contexts), vocabulary, dtype=torch.float64)
    for text in texts:
        for place in range(width, len(text)):
            row = index.get(tuple(text[place - width : place]))
            if row is not None:
                counts[row, text[place]] += 1
    return Usage(contexts, counts)


def _is_free(words: list[int], vocabulary: int) -> bool:
    if len(words) < MIN_SEEN:
        return False
    shares = torch.bincount(torch.tensor(words), minlength=vocabulary).double() / len(words)
    return float(-torch.xlogy(shares, shares).sum()) >= MIN_ENTROPY
