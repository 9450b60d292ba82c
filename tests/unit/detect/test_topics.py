"""Own topics or one queue: on dealt items, on people with habits, and against counting pair by pair."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planted import table_of
from stillwatch.detect.strands import Floats
from stillwatch.detect.topics import TopicSpread, find_topic_spreads, queue_bits
from stillwatch.store.engine import Engine


def spread_of(folder: Path, rows: list[dict[str, Any]], groups: int = 1) -> list[TopicSpread]:
    with Engine(folder) as engine:
        table = table_of(rows).append_column("group", [[r.get("group", 0) for r in rows]])
        return find_topic_spreads(engine, engine.lazy(table), groups)


def calls(*, own: bool, accounts: int = 40, each: int = 30, topics: int = 200, seed: int = 1) -> list[dict[str, Any]]:
    """Return calls whose topics are drawn from everybody's, or from five of the account's own."""
    draw = np.random.default_rng(seed)
    return [
        {
            "account": a,
            **{f"topic_{i}": int(draw.integers(5)) + 5 * a if own else int(draw.integers(topics)) for i in range(4)},
        }
        for a in range(accounts)
        for _ in range(each)
    ]


def test_dealt_items_are_no_likelier_to_agree_inside_an_account(tmp_path: Path) -> None:
    (found,) = spread_of(tmp_path, calls(own=False))
    assert found.least < 1.0 < found.most < 1.3


def test_people_agree_with_themselves(tmp_path: Path) -> None:
    mixed = calls(own=True) + [r | {"account": r["account"] + 40} for r in calls(own=False)]
    (found,) = spread_of(tmp_path, mixed)
    assert found.least > 1.5


def test_few_calls_an_account_say_nothing(tmp_path: Path) -> None:
    (found,) = spread_of(tmp_path, calls(own=False, accounts=20, each=2))
    assert np.isnan(found.ratio)
    assert not found.most < 100.0
    assert not found.least > 0.0


def test_what_the_template_fixes_is_no_topic(tmp_path: Path) -> None:
    rows = calls(own=False)
    fixed = [r | {"topic_0": 7, "topic_1": 8, "topic_2": 9} for r in rows]
    assert spread_of(tmp_path, fixed)[0].ratio == pytest.approx(
        spread_of(tmp_path, [{k: v for k, v in r.items() if k in {"account", "topic_3"}} for r in rows])[0].ratio
    )


def test_the_ratio_is_what_counting_pair_by_pair_gives(tmp_path: Path) -> None:
    dealt = calls(own=False, accounts=8, each=30, topics=40)
    rows = [{"account": r["account"], "topic_0": min(r["topic_0"], 36)} for r in dealt]
    held = Counter(r["topic_0"] for r in rows)
    same: list[float] = []
    other: list[float] = []
    for a, b in combinations(rows, 2):
        agree = 1.0 / held[a["topic_0"]] if a["topic_0"] == b["topic_0"] else 0.0
        (same if a["account"] == b["account"] else other).append(agree)
    (found,) = spread_of(tmp_path, rows)
    assert found.ratio == pytest.approx((sum(same) / len(same)) / (sum(other) / len(other)), rel=1e-4)


def test_shops_of_a_few_kinds_have_topics_of_their_own(tmp_path: Path) -> None:
    """Six kinds of shop, one word of four: each value is in a sixth of all calls and still no word of the template."""
    draw = np.random.default_rng(3)
    rows = [
        {"account": a, "topic_0": a % 6 if draw.random() < 0.5 else 100 + int(draw.integers(300))}
        for a in range(60)
        for _ in range(30)
    ]
    (found,) = spread_of(tmp_path, rows)
    assert found.least > 1.5


def test_groups_are_measured_apart_and_an_empty_one_says_nothing(tmp_path: Path) -> None:
    first, second = calls(own=False), calls(own=False, topics=50, seed=2)
    both = spread_of(tmp_path, [r | {"group": 0} for r in first] + [r | {"group": 2} for r in second], groups=3)
    assert both[0] == spread_of(tmp_path, first)[0]
    assert both[2] == spread_of(tmp_path, second)[0]
    assert np.isnan(both[1].ratio)


def test_the_error_covers_chance(tmp_path: Path) -> None:
    """Of many dealt queues hardly any is further than three errors from one."""
    found = [spread_of(tmp_path, calls(own=False, each=12, seed=s))[0] for s in range(20)]
    assert all(f.least < 1.0 < f.most for f in found)


def test_the_surer_that_topics_are_everybodys_the_more_speaks_for_a_queue() -> None:
    bits = [queue_bits(TopicSpread(1.0, error), people=10.0) for error in (2.0, 1.0, 0.5, 0.2, 0.05)]
    assert bits == sorted(bits)
    assert bits[0] < bits[-1] - 1.0


def test_a_queue_is_told_by_how_far_people_keep_to_their_own() -> None:
    bits = [queue_bits(TopicSpread(1.0, 0.1), people=people) for people in (1.0, 1.3, 3.0, 10.0, 20.0)]
    assert bits == sorted(bits)
    assert bits[0] == 0.0
    assert bits[-1] > 1.5


@pytest.mark.parametrize(("ratio", "error", "people"), [(1.0, 0.1, 5.0), (1.2, 0.3, 20.0), (0.7, 0.5, 3.0)])
def test_queue_bits_are_the_bayes_factor_that_drawing_ratios_gives(ratio: float, error: float, people: float) -> None:
    draw = np.random.default_rng(5)

    def density(true: Floats) -> float:
        return float(np.exp(-(((ratio - true) / error) ** 2) / 2.0).mean())

    queue = density(1.0 + draw.exponential(0.1, 200_000))
    others = density(np.exp(draw.triangular(0.0, 0.0, np.log(people), 200_000)))
    strangers = 0.25 * density(1.0 + draw.exponential(0.3, 200_000)) + 0.75 * others
    assert queue_bits(TopicSpread(ratio, error), people) == pytest.approx(np.log2(queue / strangers), abs=0.03)


@pytest.mark.parametrize(("ratio", "people"), [(1.4, 5.0), (1.31, 1.35), (1.4, 1.35), (1.0, 1.25)])
def test_nothing_speaks_for_a_queue_where_accounts_agree_as_people_may(ratio: float, people: float) -> None:
    assert queue_bits(TopicSpread(ratio, 0.3), people) == 0.0
