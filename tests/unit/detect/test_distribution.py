"""MMD on samples: against counting pair by pair, honest where nothing differs, able where something does."""

from __future__ import annotations

from itertools import chain, product
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planted import campaign, crowd, table_of
from stillwatch.detect.distribution import (
    MAX_CALLS,
    PERMUTATIONS,
    UNIT,
    Comparison,
    Distribution,
    Sample,
    compare,
    find_distributions,
    kernel,
    tell,
)
from stillwatch.detect.find import Findings, find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.records import Cue
from stillwatch.store.engine import Engine

Call = tuple[int, tuple[int, ...], int]


def sample(calls: list[Call]) -> Sample:
    account, topics, cues = zip(*calls, strict=True)
    return Sample(np.array(account), np.array(topics).T, np.array(cues))


def people(accounts: int, *, each: int, seed: int, own: float = 0.0, topics: int = 12, first: int = 0) -> list[Call]:
    """Return calls whose topics are everybody's or, with chance ``own``, one of the account's own; cues at random."""
    draw = np.random.default_rng(seed)
    return [
        (
            first + a,
            tuple(int(t) if draw.random() >= own else 1_000 * (first + a + 1) for t in draw.integers(1, topics, 4)),
            int(draw.choice([0, 0, 1, 3, 6])),
        )
        for a in range(accounts)
        for _ in range(each)
    ]


def similarity(one: Call, other: Call) -> float:
    """Return the kernel by its definition: equal bins, and what two sets of cues have in common."""
    equal = sum(a == b for a, b in zip(one[1], other[1], strict=True)) / 4
    cues = [{i for i in range(62) if c[2] >> i & 1} or {-1} for c in (one, other)]
    return (equal + len(cues[0] & cues[1]) / len(cues[0] | cues[1])) / 2


def mmd2(one: list[Call], other: list[Call], *, same_account: bool) -> float:
    """Return MMD^2 pair by pair; ``same_account`` keeps pairs of different calls of one account."""

    def mean(left: list[Call], right: list[Call]) -> float:
        kept = [similarity(a, b) for a, b in product(left, right) if a is not b and (same_account or a[0] != b[0])]
        return sum(kept) / len(kept)

    return mean(one, one) + mean(other, other) - 2 * mean(one, other)


def test_is_what_counting_pair_by_pair_gives() -> None:
    mine = people(6, each=4, seed=1, own=0.3)
    others = people(10, each=3, seed=2, own=0.3, topics=20, first=50)
    found = compare(sample(mine), sample(others), seed=3)
    assert found.unlike_others is not None
    assert found.alike_within is not None
    assert found.unlike_others.calls == found.alike_within.calls == 24
    assert found.unlike_others.mmd2 == pytest.approx(mmd2(mine, others[:24], same_account=False), abs=1e-5)
    halves = [[c for c in mine if c[0] % 2 == side] for side in (0, 1)]
    assert found.alike_within.mmd2 == pytest.approx(mmd2(*halves, same_account=True), abs=1e-5)


def test_the_kernel_is_positive_definite() -> None:
    calls = sample(people(30, each=3, seed=4))
    similar = kernel(calls.topics, calls.cues)
    assert (np.diag(similar) == UNIT).all()
    assert (similar == similar.T).all()
    assert np.linalg.eigvalsh(similar / UNIT).min() > -1e-4


def test_calls_without_cues_are_alike_and_unlike_those_with() -> None:
    similar = kernel(np.array([[1, 2, 3]] * 4), np.array([0, 0, 5]))
    assert similar[0, 1] == UNIT // 2
    assert similar[0, 2] == 0


def chances(draws: int, **others: Any) -> np.ndarray:
    """Return the chances (others, within) of pairs of samples of one population."""
    found = [
        compare(
            sample(people(12, each=5, seed=2 * s, **others)),
            sample(people(12, each=5, seed=2 * s + 1, first=50, **others)),
            seed=s,
        )
        for s in range(draws)
    ]
    pairs = [(f.unlike_others, f.alike_within) for f in found]
    return np.array([(a.p_value, b.p_value) for a, b in pairs if a and b])


def largest_gap(chance: np.ndarray) -> float:
    """Return how far the chances' distribution is from uniform (Kolmogorov)."""
    ranks = np.arange(1, len(chance) + 1) / len(chance)
    return float(np.abs(np.sort(chance) - ranks).max())


def test_the_chance_is_uniform_where_nothing_differs() -> None:
    found = chances(100)
    # Kolmogorov's bound at one in a thousand is 1.95 / sqrt(100).
    assert max(largest_gap(found[:, 0]), largest_gap(found[:, 1])) < 0.195


def test_accounts_with_topics_of_their_own_are_not_thereby_unlike_others() -> None:
    """Calls of one account depend on each other: permuting calls would find a difference in most of these."""
    found = chances(100, own=0.6)
    assert largest_gap(found[:, 0]) < 0.195
    assert np.median(found[:, 1]) < 0.1


def test_halves_of_accounts_with_topics_of_their_own_differ() -> None:
    habits, others = people(40, each=10, seed=1, own=0.6), people(40, each=10, seed=2, first=50)
    differ = compare(sample(habits), sample(others), seed=3).alike_within
    alike = compare(sample(others), sample(habits), seed=3).alike_within
    assert differ is not None
    assert alike is not None
    assert differ.p_value <= 0.005
    assert alike.p_value > 0.05


def test_sees_a_paraphrased_campaign_of_a_few_calls_an_account() -> None:
    """No template: topics as everybody's, cues of a harvest in seven calls of ten."""
    draw = np.random.default_rng(5)
    harvest = int(Cue.REASONING | Cue.EXTERNALISED)
    mine = [(a, t, harvest if draw.random() < 0.7 else c) for a, t, c in people(50, each=4, seed=6)]
    found = compare(sample(mine), sample(people(50, each=4, seed=7, first=500)), seed=8)
    assert found.unlike_others is not None
    assert found.unlike_others.p_value == 1 / (PERMUTATIONS + 1)
    assert found.unlike_others.mmd2 > 0.05
    assert found.alike_within is not None
    assert found.alike_within.p_value > 0.01


def test_too_few_calls_say_nothing() -> None:
    few, many = sample(people(5, each=3, seed=1)), sample(people(40, each=5, seed=2, first=50))
    assert compare(few, many, seed=1) == Distribution(None, None)
    assert compare(many, few, seed=1).unlike_others is None
    assert compare(many, sample(people(1, each=200, seed=2, first=50)), seed=1).unlike_others is None
    once = compare(sample(people(100, each=1, seed=3)), many, seed=1)
    assert once.unlike_others is not None
    assert once.alike_within is None, "accounts of one call each cannot be told apart"


def found(folder: Path, rows: list[dict[str, Any]], *, shuffled: int | None = None) -> tuple[Findings, Any]:
    table = table_of(rows)
    if shuffled is not None:
        table = table.take(np.random.default_rng(shuffled).permutation(len(table)))
    with Engine(folder, threads=1 if shuffled else 2) as engine:
        calls = engine.lazy(table)
        findings = find_candidates(engine, calls, accounts=None, signals=find_signals())
        return findings, find_distributions(engine, calls, findings, findings.candidates[:1])


def test_the_order_of_rows_and_threads_change_nothing(tmp_path: Path) -> None:
    rows = crowd(calls=12) + campaign(members=30, calls=40)
    _, (one,) = found(tmp_path, rows)
    for seed in (1, 2):
        assert found(tmp_path, rows, shuffled=seed)[1] == [one]
    assert one.unlike_others.calls == one.alike_within.calls == MAX_CALLS
    assert one.unlike_others.p_value == 1 / (PERMUTATIONS + 1)


def test_compares_the_smallest_calls_with_those_of_accounts_outside(tmp_path: Path) -> None:
    rows = [{"call": n * 7_919 % 10_007, **r} for n, r in enumerate(crowd(calls=12) + campaign(calls=90))]
    findings, (told,) = found(tmp_path, rows)
    members = set(findings.candidates[0].group.accounts.tolist())

    def drawn(cap: int, *, inside: bool) -> list[Call]:
        sides = [r for r in rows if (r["account"] in members) is inside]
        accounts = sorted({r["account"] for r in sides})
        smallest = [sorted((r for r in sides if r["account"] == a), key=itemgetter("call"))[:cap] for a in accounts]
        flat = list(chain.from_iterable(smallest))[:MAX_CALLS]
        return [(r["account"], (r["topic_0"], 0, 0, 0), r.get("cues", 0)) for r in flat]

    cap = -(-MAX_CALLS // len(members))
    assert told.unlike_others.mmd2 == pytest.approx(
        mmd2(drawn(cap, inside=True), drawn(cap, inside=False), same_account=False), abs=1e-5
    )


def test_nobody_listed_has_no_distribution(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        calls = engine.lazy(table_of(crowd(20)))
        findings = find_candidates(engine, calls, accounts=None, signals=find_signals())
        assert find_distributions(engine, calls, findings, []) == []


def test_says_in_one_sentence_what_was_found_and_that_it_is_not_counted() -> None:
    sure, unsure = Comparison(0.4, 0.001, 400), Comparison(-0.001, 0.4, 200)
    told = tell(Distribution(sure, unsure))
    assert told["unlike_others"] == {"mmd2": 0.4, "p_value": 0.001, "calls": 400}
    assert told["alike_within"] == {"mmd2": -0.001, "p_value": 0.4, "calls": 200}
    assert told["says"] == (
        "Context, not counted: what they send differs from what other accounts send, as any new workload does "
        "(400 calls of each, p = 0.001); two halves of the accounts show no sure difference (200 calls, p = 0.400)."
    )
    assert tell(Distribution(unsure, sure))["says"] == (
        "Context, not counted: what they send shows no sure difference from what other accounts send "
        "(200 calls of each, p = 0.400); two halves of the accounts differ (400 calls, p = 0.001)."
    )
    nothing = tell(Distribution(None, None))
    assert (nothing["unlike_others"], nothing["alike_within"]) == (None, None)
    assert nothing["says"] == "Context, not counted: there are too few calls to compare with others."
