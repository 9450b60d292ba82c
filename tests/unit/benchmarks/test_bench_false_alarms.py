from __future__ import annotations

import numpy as np
import pytest
from benchmarks.false_alarms import Innocent, Point, calibrate, check, describe


def scans(count: int, *, shift: float = 0.0, seed: int = 1, accounts: int = 1000) -> list[Innocent]:
    rng = np.random.default_rng(seed)
    drawn = [tuple((shift + rng.normal(size=rng.poisson(3))).tolist()) for _ in range(count)]
    return [Innocent(i, "own", accounts, strengths) for i, strengths in enumerate(drawn)]


def test_a_calibration_holds_all_strengths_in_order() -> None:
    known = calibrate([Innocent(0, "own", 900, (2.0, -1.0)), Innocent(1, "own", 1100, ())])
    assert (known.scans, known.accounts, known.strengths) == (2, 1000.0, (-1.0, 2.0))


def test_the_same_traffic_keeps_the_promise() -> None:
    points = check("same", scans(400), scans(400, seed=2)).points
    assert points
    assert not any(point.is_refuted for point in points)


def test_stronger_traffic_breaks_the_promise() -> None:
    points = check("stronger", scans(400), scans(400, shift=1.0, seed=2)).points
    assert all(point.is_refuted for point in points if point.promised <= 0.5)


def test_rates_that_the_reference_cannot_say_are_left_out() -> None:
    assert [p.promised for p in check("few", scans(9), scans(9, seed=2)).points] == [0.1, 0.2, 0.5, 1.0, 2.0]


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    for truth in (0.2, 1.0, 4.0, 20.0):
        seen = np.random.default_rng(3).poisson(truth * 10, size=4000)
        held = [low <= truth <= high for low, high in (Point(0.1, int(n), 10).interval for n in seen)]
        assert np.mean(held) > 0.93


def test_nothing_seen_is_not_proof_of_nothing() -> None:
    assert Point(0.1, 0, 100).interval == (0.0, pytest.approx((1 + 0.98) ** 2 / 100))


def test_few_scans_show_nothing_and_many_do() -> None:
    assert not Point(0.02, 0, 50).is_shown
    assert Point(0.02, 0, 500).is_shown
    assert not Point(0.1, 9, 50).is_shown


def test_a_broken_promise_is_said() -> None:
    made = scans(50)
    text = describe(made, [check("stronger", made, scans(50, shift=3.0, seed=2))])
    assert "**no**" in text
    assert "50 scans of innocent traffic" in text
