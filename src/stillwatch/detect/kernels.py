"""Compiled loops over the rows of a signal: sums of votes, and what an observable says of each row that holds it.

They let go of the interpreter's lock, so that signals are weighed side by side, which NumPy's indexing does not; and
they make no array in between. Sums are in the order of the rows: the same to the last digit on any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
kernel = njit(cache=True, nogil=True, _nrt=False)
"""Compile a function that makes no array. Numba then counts no references to those it is given."""


class Held(NamedTuple):
    """The rows that hold an observable of a signal: each one's code and cell."""

    rows: Ints
    code: Ints
    cell: Ints


class Votes(NamedTuple):
    """Votes by code and by cell; and, for every row, those of its owner among them."""

    of_code: Floats
    of_cell: Floats
    owner_of_code: Floats
    owner_of_cell: Floats


@kernel
def add_up(rows: Ints, number: Ints, votes: Floats, out: Floats) -> None:
    """Add the votes of these rows to ``out``, by the number that stands for each row."""
    for i in range(rows.size):
        out[number[i]] += votes[rows[i]]


@kernel
def raise_rates(  # noqa: PLR0917  (kernels take no keywords)
    counts: Floats, members: Floats, cell: Ints, outside: Floats, least: float, base: Floats
) -> None:
    """Raise the rate of each code to that among the accounts outside its cell, where these are at least so many.

    ``counts`` of all accounts hold the observable, and of these ``members`` are in the cell.
    """
    for i in range(base.size):
        left = outside[cell[i]]
        if left >= least:
            base[i] = max(base[i], (max(counts[i] - members[i], 0.0) + 0.5) / (left + 1.0))


@kernel
def compare(held: Held, votes: Votes, base: Floats, strength: float, out: Floats) -> None:
    """Say how many times as common its observable is in a row's cell as elsewhere, without its owner's own votes.

    ``base`` is the rate of each code elsewhere; the cell starts with ``strength`` votes at that rate.
    """
    for i in range(held.rows.size):
        row, usual = held.rows[i], base[held.code[i]]
        learnt = max(votes.of_code[held.code[i]] - votes.owner_of_code[row], 0.0) + strength * usual
        around = max(votes.of_cell[held.cell[i]] - votes.owner_of_cell[row], 0.0) + strength
        out[i] = learnt / around / usual


@kernel
def gather(rows: Ints, bits: Floats, strongest: Floats, gains: Floats, worst: Floats) -> None:
    """Take the bits of one signal into the strongest of a family, the sum of what speaks for a row, and the worst."""
    for i in range(rows.size):
        row, one = rows[i], bits[i]
        strongest[row] = max(strongest[row], one)
        gains[row] += max(one, 0.0)
        worst[row] = min(worst[row], one)
