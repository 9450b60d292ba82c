"""Compiled loops over the rows of a signal: its observables as numbers, sums of votes, and what they say of each row.

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


class Runs(NamedTuple):
    """By row: its cell, and where the edges of its strand start and stop. The rows of a cell stand together."""

    start: Ints
    stop: Ints
    cell: Ints


class Pairs(NamedTuple):
    """By pair of a cell and an observable that is seen in it: both, and how many rows hold it."""

    cell: Ints
    value: Ints
    holders: Ints


@kernel
def number_pairs(runs: Runs, value: Ints, place: Ints, pair: Ints, pairs: Pairs) -> int:
    """Give pairs numbers in order of arrival, write that of every row's every edge to ``pair``, and return how many.

    ``value`` numbers the observable of each edge; ``place`` is -1 for each of these numbers, and is again at the end.
    """
    found, first, at = 0, 0, 0
    for row in range(runs.cell.size):
        if row > 0 and runs.cell[row] != runs.cell[row - 1]:
            for k in range(first, found):
                place[pairs.value[k]] = -1
            first = found
        for edge in range(runs.start[row], runs.stop[row]):
            seen = value[edge]
            if place[seen] < 0:
                place[seen] = found
                pairs.cell[found], pairs.value[found], pairs.holders[found] = runs.cell[row], seen, 0
                found += 1
            pairs.holders[place[seen]] += 1
            pair[at] = place[seen]
            at += 1
    for k in range(first, found):
        place[pairs.value[k]] = -1
    return found


@kernel
def choose(  # noqa: PLR0917  (kernels take no keywords)
    runs: Runs, pair: Ints, holders: Ints, calls: Ints, used: NDArray[np.bool_], code: Ints
) -> None:
    """Give each row the pair of most holders, then of most calls, then the first; number those that any row got.

    ``code`` gets each row's number, -1 where it has no edge; ``used`` says which pairs are numbered.
    """
    at = 0
    for row in range(code.size):
        best, most = -1, 0
        for edge in range(runs.start[row], runs.stop[row]):
            one = pair[at]
            at += 1
            if best < 0 or holders[one] > holders[best] or (holders[one] == holders[best] and calls[edge] > most):
                best, most = one, calls[edge]
        code[row] = best
        if best >= 0:
            used[best] = True
    number = 0
    for k in range(used.size):
        if used[k]:
            holders[k] = number
            number += 1
    for row in range(code.size):
        if code[row] >= 0:
            code[row] = holders[code[row]]


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


@kernel
def weigh_families(bits: Floats, left_out: int, total: Floats, most: Floats) -> None:
    """Take of each row's bits by family, but for the one left out, the sum and the greatest."""
    for row in range(total.size):
        total[row], most[row] = 0.0, -np.inf
        for family in range(bits.shape[1]):
            if family != left_out:
                total[row] += bits[row, family]
                most[row] = max(most[row], bits[row, family])


@kernel
def add_odds(bits: Floats, odds: Floats, cell: Ints, out: Floats) -> None:
    """Add the bits of all of a row's families and its cell's odds."""
    for row in range(out.size):
        total = 0.0
        for family in range(bits.shape[1]):
            total += bits[row, family]
        out[row] = total + odds[cell[row]]
