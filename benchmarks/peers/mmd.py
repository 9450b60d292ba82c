"""Maximum mean discrepancy of an account's queries against innocent ones (arXiv 2606.05725, June 2026).

Recipe of the paper: the kernel is the mean of exp(-d^2 / 2 s^2) for s in {0.5, 1, 2, 4} sigma, sigma^2 the
median positive squared distance; unbiased MMD^2; threshold = 95th percentile of 1,000 pairs of disjoint
innocent windows of the tested size; score = mean over 20 random innocent windows. Two changes: the embedding
(``benchmarks/embedding.py``) and one window an account, the largest that its calls fill.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers.history import History, draw, size_for, spread
from benchmarks.traffic import Traffic

NAME = "MMD"
PAIRS = 1000
REFERENCES = 20
LEVEL = 0.95
_MULTIPLES = (0.5, 1.0, 2.0, 4.0)


class Mmd:
    """The test, fitted on a pool of innocent embeddings."""

    def __init__(self, pool: np.ndarray, *, pairs: int = PAIRS, seed: int = 1) -> None:
        self.pool = pool
        self._pairs = pairs
        self._seed = seed
        squared = _squared(pool[:2000], pool[:2000])
        self._variance = float(np.median(squared[squared > 1e-9]))
        self._kernel = self.kernel(pool, pool)
        self.threshold = cache(self._threshold)
        self._references = cache(self._draw_references)

    def kernel(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Mean of four Gaussian kernels between the rows."""
        squared = _squared(left, right)
        kernels = [np.exp(-squared / (2 * m * m * self._variance)) for m in _MULTIPLES]
        return np.asarray(np.mean(kernels, axis=0))

    def score(self, window: np.ndarray) -> float:
        """Mean unbiased MMD^2 of the window against 20 innocent windows of its size."""
        size = len(window)
        references, own = self._references(size)
        cross = self.kernel(window, self.pool).sum(axis=0) @ references
        inner = (self.kernel(window, window).sum() - size) / (size * (size - 1))
        return float(np.mean(inner + own - 2 * cross / (size * references[:, 0].sum())))

    def _within(self, windows: np.ndarray) -> np.ndarray:
        size = windows[:, 0].sum()
        inner: np.ndarray = ((windows * (self._kernel @ windows)).sum(axis=0) - size) / (size * (size - 1))
        return inner

    def _draw_references(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        windows = draw(len(self.pool), size, REFERENCES, np.random.default_rng((self._seed, size)))
        return windows, self._within(windows)

    def _threshold(self, size: int) -> float:
        """Return the 95th percentile of MMD^2 between innocent windows, disjoint where the pool allows."""
        rng = np.random.default_rng((self._seed, size, 2))
        total = len(self.pool)
        left = np.zeros((total, self._pairs), dtype=np.float32)
        right = np.zeros_like(left)
        for pair in range(self._pairs):
            mixed = rng.permutation(total)
            left[mixed[:size], pair] = 1
            right[mixed[size : 2 * size] if 2 * size <= total else rng.permutation(total)[:size], pair] = 1
        cross = (left * (self._kernel @ right)).sum(axis=0) / (left[:, 0].sum() * right[:, 0].sum())
        return float(np.quantile(self._within(left) + self._within(right) - 2 * cross, LEVEL))


@cache
def fitted(history: History) -> Mmd:
    """Return the test fitted on a history, once."""
    return Mmd(history.pool, seed=history.seed)


@lru_cache(maxsize=2)  # two peers ask for the same traffic, and one of them for the history too
def account_scores(traffic: Traffic, history: History) -> dict[int, tuple[int, float]]:
    """Size and score of the window of each account with at least 4 calls."""
    test = fitted(history)
    embedded = history.embed(traffic)
    return {a: (len(w), test.score(embedded[w])) for a, w in history.windows(traffic).items()}


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse each account whose window lies above the published threshold."""
    test = fitted(history)
    scored = account_scores(traffic, history)
    return Verdict(traffic.named(a for a, (size, score) in scored.items() if score > test.threshold(size)))


def is_group_unusual(traffic: Traffic, history: History, members: Iterable[int]) -> bool:
    """Whether the calls of these accounts together, had somebody grouped them, lie above the threshold."""
    calls = np.concatenate([traffic.calls_of[account] for account in sorted(members)])
    size = size_for(len(calls))
    if size is None:
        return False
    test = fitted(history)
    return test.score(history.embed(traffic)[spread(calls, size)]) > test.threshold(size)


def _squared(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Squared distances of rows of unit length."""
    squared: np.ndarray = np.maximum(2 - 2 * (left @ right.T), 0)
    return squared
