"""Declared owners of several accounts: they vote together, and nothing confirms itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.detect.strands import Floats, Ints


@dataclass(frozen=True)
class Owners:
    """What one owner's accounts vote together, in a cell or for an observable; most owners have one account there."""

    rows: Ints
    group: Ints
    groups: int

    @classmethod
    def of(cls, other: Ints, entity: Ints, rows: Ints) -> Owners:
        """Group these rows by ``other`` (cell or observable) and owner; all other rows stand alone."""
        order = np.lexsort((entity[rows], other[rows]))
        new = _starts(other[rows][order], entity[rows][order])
        group = np.empty(len(rows), np.int64)
        group[order] = np.cumsum(new) - 1
        return cls(rows, group, int(new.sum()))

    def sums(self, votes: Floats) -> Floats:
        """Return for each row the votes of its owner in its group; where all stand alone, the votes themselves."""
        if not len(self.rows):
            return votes
        out = votes.copy()
        out[self.rows] = np.bincount(self.group, weights=votes[self.rows], minlength=self.groups)[self.group]
        return out


def _starts(first: Ints, second: Ints) -> npt.NDArray[np.bool_]:
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return new
