"""Marginal Mahalanobis distance, as a baseline of arXiv 2606.05725.

Mean and covariance of 70 % of innocent embeddings, 1e-6 added to the eigenvalues; mean squared distance of
the window; alarm above the 95th percentile of 1,000 windows from a separate part.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers.history import History, draw
from benchmarks.traffic import Traffic

NAME = "Mahalanobis"
_WINDOWS = 1000


class Mahalanobis:
    """The distance, fitted on a pool of innocent embeddings."""

    def __init__(self, pool: np.ndarray, *, seed: int = 1) -> None:
        fit, self._apart = pool[: int(0.7 * len(pool))], pool[int(0.7 * len(pool)) :]
        self._mean = fit.mean(axis=0)
        values, self._axes = np.linalg.eigh(np.cov(fit.astype(np.float64), rowvar=False))
        self._values = np.maximum(values, 0) + 1e-6
        self._seed = seed
        self.limit = cache(self._limit)

    def distances(self, rows: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distance of each row."""
        distances: np.ndarray = (((rows - self._mean) @ self._axes) ** 2 / self._values).sum(axis=1)
        return distances

    def _limit(self, size: int) -> float:
        windows = draw(len(self._apart), size, _WINDOWS, np.random.default_rng((self._seed, size, 5)))
        return float(np.quantile(self.distances(self._apart) @ windows / windows[:, 0].sum(), 0.95))


@cache
def fitted(history: History) -> Mahalanobis:
    """Return the distance fitted on a history, once."""
    return Mahalanobis(history.pool, seed=history.seed)


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse each account whose window is on average farther away than innocent windows of its size."""
    detector = fitted(history)
    distances = detector.distances(history.embed(traffic))
    windows = history.windows(traffic)
    return Verdict(traffic.named(a for a, w in windows.items() if distances[w].mean() > detector.limit(len(w))))
