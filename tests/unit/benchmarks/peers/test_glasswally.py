from __future__ import annotations

import numpy as np
import pytest
from benchmarks.peers import glasswally
from benchmarks.peers.glasswally_view import view_accounts, view_clusters
from hand_made import call, traffic


def both(calls: list, accounts: list | None = None, *, of: str = "a") -> tuple:
    log = traffic(calls, accounts)
    views = view_accounts(log)
    number = log.names.index(of)
    return views[number], view_clusters(log, views)[number]


def worker(name: str, *views: object) -> tuple[float, float]:
    return glasswally.WORKERS[name][1](*views)


def test_published_weights_of_computable_workers() -> None:
    assert sum(weight for weight, _ in glasswally.WORKERS.values()) == pytest.approx(0.82)


def test_velocity_adds_rate_and_regularity() -> None:
    views = both([call("a", i * 0.25, output_tokens=100) for i in range(236)])
    score, confidence = worker("Velocity", *views)
    assert (score, confidence) == (pytest.approx(0.45 + 0.30 + 0.15), 1.0)


def test_velocity_is_silent_below_five_calls() -> None:
    assert worker("Velocity", *both([call("a", i) for i in range(4)])) == (0.0, 0.0)


def test_cot_adds_phrase_share_and_domain() -> None:
    views = both([call("a", i, "Explain step by step") for i in range(6)])
    assert worker("Cot", *views) == (pytest.approx(1.0), 0.90)


def test_hydra_counts_a_cluster_that_shares_one_card() -> None:
    accounts = [{"account": name, "payment_fingerprint": "card"} for name in "abcd"]
    views = both([call(name, i) for i, name in enumerate("abcd")], accounts)
    score, confidence = worker("Hydra", *views)
    assert score == pytest.approx(0.40 * 4 / 25 + 0.07 + 0.15)
    assert confidence == pytest.approx(0.04)


def test_timing_cluster_needs_five_accounts_in_a_second() -> None:
    five = both([call(name, 1) for name in "abcde"])
    assert worker("TimingCluster", *five) == (0.0, pytest.approx(5 / 12))
    eight = both([call(name, 1) for name in "abcdefgh"])
    assert worker("TimingCluster", *eight)[0] == pytest.approx(0.50 * 3 / 7)


def test_role_preamble_weighs_how_many_hold_it() -> None:
    calls = [call(name, i, system="You grade answers.") for name in "abcde" for i in range(5)]
    assert worker("RolePreamble", *both(calls)) == (pytest.approx(0.35 + 0.35), 0.90)


def test_token_budget_sees_ceilings_at_round_budgets() -> None:
    views = both([call("a", i, max_output_tokens=4096) for i in range(6)])
    assert worker("TokenBudget", *views) == (pytest.approx(0.40), 0.82)


def test_pivot_sees_a_cluster_that_changes_model_together() -> None:
    names = [f"n{i}" for i in range(6)]
    accounts = [{"account": name, "payment_fingerprint": "card"} for name in names]
    calls = [{**call(n, i), "model": "old"} for i, n in enumerate(names)]
    calls += [{**call(n, 30 + i), "model": "new"} for i, n in enumerate(names)]
    assert worker("Pivot", *both(calls, accounts, of="n0")) == (
        pytest.approx(0.20 + 0.20 + 0.80 * 6 / 30),
        0.85,
    )


def test_asn_classifier_knows_clouds() -> None:
    assert worker("AsnClassifier", *both([call("a", 0, client_asn=16509)])) == (pytest.approx(0.20), 0.60)
    assert worker("AsnClassifier", *both([call("a", 0, client_asn=7922)])) == (0.0, 0.0)


def test_country_changes_nothing() -> None:
    calls = [call("a", i * 0.25, "step by step", output_tokens=100) for i in range(236)]
    here = glasswally.scores(traffic([{**c, "client_country": "US"} for c in calls]))[0]
    there = glasswally.scores(traffic([{**c, "client_country": "CN"} for c in calls]))[0]
    assert np.array_equal(here, there)


def test_a_quiet_person_is_not_accused() -> None:
    assert glasswally.accuse(traffic([call("a", 40 * i, f"Question {i}?") for i in range(5)])).accounts == frozenset()
