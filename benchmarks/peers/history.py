"""What the learning peers are given: innocent traffic of another seed, and windows drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.embedding import Embedder
from benchmarks.traffic import Traffic

SIZES = (4, 10, 25, 50, 100, 200, 500, 1000, 1500)
"""Window sizes. The recipes use 100 to 1,500; the smaller ones are ours, so that small accounts are looked at
too.
"""

_POOL = 4000  # innocent texts kept: two disjoint windows of 1,500 and a rest, and a kernel matrix of 64 MB
_PER_ACCOUNT = 50  # calls of one account in the pool, so that a few heavy tenants do not stand for everybody


def size_for(calls: int) -> int | None:
    """Return the largest window that this many calls fill, or ``None``."""
    return max((size for size in SIZES if size <= calls), default=None)


def spread(items: np.ndarray, size: int) -> np.ndarray:
    """``size`` of the items, evenly spaced in their order."""
    return items[np.linspace(0, len(items) - 1, size).astype(np.int64)]


def draw(pool: int, size: int, windows: int, rng: np.random.Generator) -> np.ndarray:
    """Random windows as columns of zeros and ones over the pool; without repeats inside a window."""
    chosen = np.zeros((pool, windows), dtype=np.float32)
    for window in range(windows):
        chosen[rng.choice(pool, size=min(size, pool), replace=False), window] = 1
    return chosen


@dataclass(frozen=True, eq=False)
class History:
    """Innocent traffic and what is learnt from it once for all peers."""

    traffic: Traffic
    seed: int = 1

    @cached_property
    def _chosen(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        some = [rng.permutation(calls)[:_PER_ACCOUNT] for calls in self.traffic.calls_of]
        return rng.permutation(np.concatenate(some))[: _POOL * 3]

    @cached_property
    def embedder(self) -> Embedder:
        """Fitted on at most 12,000 innocent texts."""
        return Embedder([self.traffic.texts[call] for call in self._chosen], seed=self.seed)

    @cached_property
    def pool(self) -> np.ndarray:
        """Embeddings of innocent texts, one a row."""
        return self.embedder.embed([self.traffic.texts[call] for call in self._chosen[:_POOL]])

    @cached_property
    def _last(self) -> dict[str, Any]:
        return {}

    def embed(self, traffic: Traffic) -> np.ndarray:
        """Embed every call of the traffic, once for all peers: the last traffic's rows are kept."""
        if traffic is self.traffic:
            return self._own
        if self._last.get("traffic") is not traffic:
            self._last.update(traffic=traffic, rows=self.embedder.embed(traffic.texts))
        rows: np.ndarray = self._last["rows"]
        return rows

    @cached_property
    def _own(self) -> np.ndarray:
        return self.embedder.embed(self.traffic.texts)

    def windows(self, traffic: Traffic) -> dict[int, np.ndarray]:
        """Find the largest window that each account's calls fill; with fewer than 4 calls there is none."""
        sized = ((account, size_for(len(calls)), calls) for account, calls in enumerate(traffic.calls_of))
        return {account: spread(calls, size) for account, size, calls in sized if size is not None}
