from __future__ import annotations

import pytest
from benchmarks.metrics import (
    Found,
    Truth,
    accused_innocents,
    is_reported,
    match_campaigns,
    purity,
    recall,
)

TRUTH = Truth(
    members={"one": frozenset("abcd"), "two": frozenset("ef")},
    calls={"one": 100, "two": 20},
    innocent={"x": "class", "y": "class", "z": "human"},
)


def test_recall_and_purity_count_accounts() -> None:
    assert recall({"a", "b", "x"}, TRUTH.guilty) == pytest.approx(2 / 6)
    assert purity({"a", "b", "x"}, TRUTH.guilty) == pytest.approx(2 / 3)


def test_purity_of_nobody_is_unknown_and_not_perfect() -> None:
    assert purity(set(), TRUTH.guilty) is None


def test_each_campaign_is_matched_with_the_best_found_one() -> None:
    found = [Found(frozenset("abx"), 90), Found(frozenset("efab"), 5)]
    one, two = match_campaigns(TRUTH, found)
    assert (one.recall, one.purity, one.volume_error) == (0.5, 2 / 3, pytest.approx(-0.1))
    assert (two.recall, two.purity, two.volume_error) == (1.0, 0.5, -0.75)


def test_a_missed_campaign_has_no_recall_and_no_volume() -> None:
    one = match_campaigns(TRUTH, [Found(frozenset("xyz"), 1)])[0]
    assert (one.recall, one.purity, one.volume_error) == (0.0, 0.0, None)


def test_innocents_are_counted_by_class() -> None:
    assert accused_innocents(TRUTH, {"x", "a"}) == {"class": (1, 2), "human": (0, 1)}


def test_a_group_that_is_half_strangers_does_not_report_a_campaign() -> None:
    assert is_reported(TRUTH, "one", [Found(frozenset("abx"))])
    assert not is_reported(TRUTH, "one", [Found(frozenset("abxy"))])
    assert not is_reported(TRUTH, "one", [Found(frozenset("a"))])
