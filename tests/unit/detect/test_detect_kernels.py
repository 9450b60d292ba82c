"""The compiled loops say what NumPy says, to the last digit: sums are in the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.detect.kernels import Held, Votes, add_up, compare, gather, raise_rates

Floats = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
sizes = st.integers(1, 200)


@given(seeds, sizes, st.integers(1, 9))
def test_votes_are_added_up_in_the_order_of_the_rows(draw: np.random.Generator, rows: int, numbers: int) -> None:
    chosen = np.flatnonzero(draw.random(rows) < 0.7)
    number, votes = draw.integers(numbers, size=len(chosen)), draw.random(rows)
    out = np.zeros(numbers)
    add_up(chosen, number, votes, out)
    assert (out == np.bincount(number, weights=votes[chosen], minlength=numbers)).all()


@given(seeds, sizes, st.integers(1, 9))
def test_a_rate_is_raised_to_that_outside_the_cell(draw: np.random.Generator, codes: int, cells: int) -> None:
    counts, members = draw.integers(9, size=codes).astype(float), 9 * draw.random(codes)
    cell, outside = draw.integers(cells, size=codes), draw.integers(100, size=cells).astype(float)
    before = draw.random(codes) / 10
    left = outside[cell]
    rate = (np.maximum(counts - members, 0.0) + 0.5) / (left + 1.0)
    base = before.copy()
    raise_rates(counts, members, cell, outside, 50.0, base)
    assert (base == np.maximum(before, np.where(left >= 50.0, rate, 0.0))).all()


def test_as_many_accounts_as_it_takes_raise_a_rate_and_one_fewer_do_not() -> None:
    base = np.zeros(2)
    raise_rates(np.array([5.0, 5.0]), np.zeros(2), np.array([0, 1]), np.array([50.0, 49.0]), 50.0, base)
    assert base.tolist() == [pytest.approx(5.5 / 51.0), 0.0]


@given(seeds, sizes, st.integers(1, 9), st.integers(1, 4))
def test_a_row_is_compared_without_its_owner_s_votes(
    draw: np.random.Generator, rows: int, codes: int, cells: int
) -> None:
    chosen = np.flatnonzero(draw.random(rows) < 0.7)
    code, cell = draw.integers(codes, size=len(chosen)), draw.integers(cells, size=len(chosen))
    votes = Votes(9 * draw.random(codes), 9 * draw.random(cells), 5 * draw.random(rows), 5 * draw.random(rows))
    base, out = 0.01 + draw.random(codes), np.empty(len(chosen))
    compare(Held(chosen, code, cell), votes, base, 2.0, out)
    learnt = np.maximum(votes.of_code[code] - votes.owner_of_code[chosen], 0.0) + 2.0 * base[code]
    around = np.maximum(votes.of_cell[cell] - votes.owner_of_cell[chosen], 0.0) + 2.0
    assert (out == learnt / around / base[code]).all()


@given(seeds, sizes)
def test_signals_of_a_family_are_gathered(draw: np.random.Generator, rows: int) -> None:
    signals = [np.where(draw.random(rows) < 0.7, draw.normal(size=rows), 0.0) for _ in range(3)]
    strongest, gains, worst = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for bits in signals:
        held = np.flatnonzero(bits)
        gather(held, bits[held], strongest, gains, worst)
    every = np.maximum(signals, 0.0)
    assert (strongest == every.max(axis=0)).all()
    assert (gains == every[0] + every[1] + every[2]).all()
    assert (worst == np.minimum(np.min(signals, axis=0), 0.0)).all()
