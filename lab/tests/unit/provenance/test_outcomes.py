from __future__ import annotations

import random
from itertools import product
from math import prod

import pytest

from stillwatch_lab.provenance.outcomes import (
    Outcome,
    Verdict,
    adjust,
    critical,
    judge,
    needed,
    normal_above,
    rank,
    tail,
)


def test_holm_gives_its_papers_steps() -> None:
    # Ordered 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, never falling: statsmodels' multipletests(method="holm") agrees.
    found = adjust({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})


def test_one_false_find_among_true_nulls_stays_below_alpha() -> None:
    draw = random.Random(0)
    wrong = sum(min(adjust({str(i): draw.random() for i in range(4)}).values()) <= 0.05 for _ in range(4000))
    assert wrong / 4000 == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(("k", "n", "chance"), [(0, 5, 0.3), (3, 5, 0.3), (5, 5, 0.125), (2, 6, 0.5)])
def test_the_tail_adds_up_every_way_to_come_so_far(k: int, n: int, chance: float) -> None:
    ways = (way for way in product((0, 1), repeat=n) if sum(way) >= k)
    assert tail(k, n, chance) == pytest.approx(sum(prod(chance if hit else 1 - chance for hit in way) for way in ways))


def test_needed_is_the_first_that_is_rare_enough() -> None:
    assert needed(16, 1 / 8, 0.01) == 6
    assert tail(5, 16, 1 / 8) > 0.01 >= tail(6, 16, 1 / 8)
    assert needed(3, 0.5, 0.01) == 4


def test_a_tie_counts_against_the_claim() -> None:
    assert rank(1.0, [1.0] + [0.0] * 98) == 0.02
    assert rank(1.1, [1.0] + [0.0] * 98) == 0.01


def test_normal_quantile_and_tail_are_each_others_inverse() -> None:
    assert critical(0.01) == pytest.approx(2.3263, abs=1e-4)
    assert normal_above(critical(0.2)) == pytest.approx(0.2)


def _outcome(power: float) -> Outcome:
    return Outcome("t", 0.0, 0.5, 0.0, power, 1, "")


def test_finding_nothing_says_something_only_with_power() -> None:
    assert judge(_outcome(0.9), 0.5, alpha=0.01) is Verdict.NOT_FOUND
    assert judge(_outcome(0.3), 0.5, alpha=0.01) is Verdict.CANNOT_CONCLUDE
    assert judge(_outcome(0.3), 0.01, alpha=0.01) is Verdict.FOUND
