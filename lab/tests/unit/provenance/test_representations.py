"""Likeness of inner states, against the textbook formula and by its symmetries."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stillwatch_lab.provenance.representations import examine_representations, find_likeness

DRAW = torch.Generator().manual_seed(0)
STATES = torch.randn(40, 6, generator=DRAW, dtype=torch.float64)
ROTATION = torch.linalg.qr(torch.randn(6, 6, generator=DRAW, dtype=torch.float64))[0]


def plain(one: Tensor, other: Tensor) -> float:
    """Give the plain linear CKA of Kornblith et al., equation for centred features."""
    one, other = one - one.mean(0), other - other.mean(0)
    between = (other.T @ one).square().sum()
    return float(between / ((one.T @ one).norm() * (other.T @ other).norm()))


def test_a_rotated_and_scaled_copy_is_the_same() -> None:
    assert find_likeness(STATES, 3 * STATES @ ROTATION + 1) == pytest.approx(1)


def test_many_texts_make_it_the_plain_measure() -> None:
    one = torch.randn(4000, 5, generator=DRAW, dtype=torch.float64)
    other = one[:, :3] + torch.randn(4000, 3, generator=DRAW, dtype=torch.float64)
    assert find_likeness(one, other) == pytest.approx(plain(one, other), abs=2e-3)


def test_unrelated_states_have_none_however_wide_they_are() -> None:
    # The plain measure is far from 0 with as many features as texts.
    found = [
        find_likeness(torch.randn(40, 60, generator=DRAW), torch.randn(40, 60, generator=DRAW)) for _ in range(100)
    ]
    assert abs(sum(found) / 100) < 0.02
    assert plain(torch.randn(40, 60, generator=DRAW), torch.randn(40, 60, generator=DRAW)) > 0.5


def test_is_the_estimator_of_song_et_al() -> None:
    """The sum over all four different texts, written out on a few."""
    one, other = STATES[:7], torch.randn(7, 2, generator=DRAW, dtype=torch.float64)
    assert find_likeness(one, other) == pytest.approx(
        slow(one, other) / (slow(one, one) * slow(other, other)) ** 0.5, abs=1e-12
    )


def slow(one: Tensor, other: Tensor) -> float:
    k, m, n = one @ one.T, other @ other.T, len(one)
    total = 0.0
    for i in range(n):
        for j in range(n):
            for q in range(n):
                for r in range(n):
                    if len({i, j, q, r}) == 4:
                        total += float(k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]))
    return total / (n * (n - 1) * (n - 2) * (n - 3))


def test_ranks_among_the_controls() -> None:
    controls = [torch.randn(40, 6, generator=DRAW) for _ in range(19)]
    outcome = examine_representations(STATES, STATES + 0.1, controls, alpha=0.05)
    assert (outcome.p_value, outcome.power) == (0.05, 1.0)
    assert examine_representations(STATES, STATES + 0.1, controls, alpha=0.01).power == 0.0


def test_too_few_texts_cannot_be_judged() -> None:
    outcome = examine_representations(STATES[:5], STATES[:5], [STATES[5:10]] * 100, alpha=0.05)
    assert (outcome.p_value, outcome.least, outcome.power) == (1.0, 1.0, 0.0)
