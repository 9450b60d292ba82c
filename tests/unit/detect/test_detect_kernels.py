"""The compiled loops say what NumPy says, to the last digit: sums are in the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.detect.kernels import (
    Held,
    Pairs,
    Runs,
    Votes,
    add_odds,
    add_up,
    choose,
    compare,
    gather,
    number_pairs,
    raise_rates,
    weigh_families,
)

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


@given(seeds, sizes, st.integers(1, 5), st.integers(1, 6))
def test_each_row_gets_the_observable_of_most_holders_in_its_cell(
    draw: np.random.Generator, rows: int, cells: int, values: int
) -> None:
    cell = np.sort(draw.integers(cells, size=rows))
    edges = [sorted(draw.choice(values, draw.integers(values + 1), replace=False).tolist()) for _ in range(rows)]
    strand = draw.permutation(rows)  # a row's edges stand where its strand's do
    lengths = np.array([len(e) for e in edges])
    stop = np.cumsum(lengths)
    value = np.array([v for e in edges for v in e], np.int64)
    calls = draw.integers(1, 4, size=len(value))
    runs = Runs((stop - lengths)[strand], stop[strand], cell)
    pairs, pair = Pairs(*(np.empty(len(value), np.int64) for _ in range(3))), np.empty(len(value), np.int64)
    place = np.full(values, -1)
    found = number_pairs(runs, value, place, pair, pairs)
    assert (place == -1).all()
    holders = {
        (c, v): sum(cell[r] == c and v in edges[strand[r]] for r in range(rows))
        for c in range(cells)
        for v in range(values)
    }
    named = list(zip(pairs.cell[:found].tolist(), pairs.value[:found].tolist(), strict=True))
    assert pairs.holders[:found].tolist() == [holders[p] for p in named]
    assert sorted(named) == sorted(p for p, n in holders.items() if n)
    used, code = np.zeros(found, bool), np.empty(rows, np.int64)
    choose(runs, pair, pairs.holders, calls, used, code)
    kept = [p for p, u in zip(named, used, strict=True) if u]
    for row in range(rows):
        own = range(runs.start[row], runs.stop[row])
        if not own:
            assert code[row] == -1
            continue
        best = max(own, key=lambda e: (holders[cell[row], value[e]], calls[e], -e))
        assert kept[code[row]] == (cell[row], value[best])
    assert len(kept) == len({int(c) for c in code if c >= 0})


@given(seeds, sizes, st.integers(2, 6), st.integers(1, 9))
def test_families_are_added_up(draw: np.random.Generator, rows: int, families: int, cells: int) -> None:
    bits, odds, cell = draw.normal(size=(rows, families)), draw.normal(size=cells), draw.integers(cells, size=rows)
    total, most, out = np.empty(rows), np.empty(rows), np.empty(rows)
    weigh_families(bits, 1, total, most)
    others = bits[:, [f != 1 for f in range(families)]]
    assert (total == others.sum(axis=1)).all()
    assert (most == others.max(axis=1)).all()
    add_odds(bits, odds, cell, out)
    assert (out == bits.sum(axis=1) + odds[cell]).all()
