"""SEAT as adapted to text by arXiv 2606.05725: the share of similar pairs among an account's queries.

Similar = cosine at or above the 99th percentile of 200,000 innocent pairs; alarm below the 5th or above the
95th percentile of 1,000 innocent windows of the size (nominal 10 %). SEAT itself (AISec 2021) is for images.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers.history import History, draw
from benchmarks.traffic import Traffic

NAME = "SEAT-adapted"
_PAIRS = 200_000
_WINDOWS = 1000


class Seat:
    """The pair count, fitted on a pool of innocent embeddings."""

    def __init__(self, pool: np.ndarray, *, seed: int = 1) -> None:
        rng = np.random.default_rng((seed, 3))
        left, right = rng.integers(0, len(pool), (2, _PAIRS))
        apart = left != right
        cosines = np.einsum("ij,ij->i", pool[left[apart]], pool[right[apart]])
        self.similar_from = float(np.quantile(cosines, 0.99))
        self._similar = (pool @ pool.T >= self.similar_from).astype(np.float32)
        np.fill_diagonal(self._similar, 0)
        self._seed = seed
        self.limits = cache(self._limits)

    def score(self, window: np.ndarray) -> float:
        """Share of the window's pairs that are similar."""
        size = len(window)
        alike = int((window @ window.T >= self.similar_from).sum()) - size
        return alike / (size * (size - 1))

    def _limits(self, size: int) -> tuple[float, float]:
        windows = draw(len(self._similar), size, _WINDOWS, np.random.default_rng((self._seed, size, 4)))
        filled = windows[:, 0].sum()
        shares = (windows * (self._similar @ windows)).sum(axis=0) / (filled * (filled - 1))
        return float(np.quantile(shares, 0.05)), float(np.quantile(shares, 0.95))


@cache
def fitted(history: History) -> Seat:
    """Return the detector fitted on a history, once."""
    return Seat(history.pool, seed=history.seed)


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse each account whose share of similar pairs is outside the innocent limits of its window size."""
    detector = fitted(history)
    embedded = history.embed(traffic)
    accused = []
    for account, window in history.windows(traffic).items():
        low, high = detector.limits(len(window))
        if not low <= detector.score(embedded[window]) <= high:
            accused.append(account)
    return Verdict(traffic.named(accused))
