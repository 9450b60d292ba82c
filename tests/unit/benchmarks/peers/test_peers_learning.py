from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the bench lock is not installed (make .venv/.bench)")
pytest.importorskip("sklearn", reason="the bench lock is not installed (make .venv/.bench)")

from benchmarks.peers import evilcohort, fraudar, mahalanobis, mmd, prada, seat, synchrotrap
from benchmarks.peers.history import size_for
from hand_made import call, traffic


def directions(number: int, seed: int = 1, around: float = 0.0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(number, 8))
    rows[:, 0] += around
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


POOL = directions(600)


def test_windows_grow_with_the_calls() -> None:
    assert [size_for(n) for n in (3, 4, 99, 100, 5000)] == [None, 4, 50, 100, 1500]


def test_mmd_equals_its_definition() -> None:
    test = mmd.Mmd(POOL, pairs=50)
    window, size = directions(25, seed=5), 25
    references, _ = test._references(size)
    expected = []
    for column in references.T:
        other = POOL[column == 1]
        xx, yy = test.kernel(window, window), test.kernel(other, other)
        off = ~np.eye(size, dtype=bool)
        expected.append(xx[off].mean() + yy[off].mean() - 2 * test.kernel(window, other).mean())
    assert test.score(window) == pytest.approx(np.mean(expected), abs=1e-5)


def test_mmd_alarms_on_another_distribution_and_not_on_its_own() -> None:
    test = mmd.Mmd(POOL, pairs=200)
    assert test.score(directions(50, seed=7, around=3.0)) > test.threshold(50)
    assert test.score(directions(50, seed=8)) <= test.threshold(50)


def test_seat_counts_similar_pairs() -> None:
    detector = seat.Seat(POOL)
    row = directions(1)[0]
    assert detector.score(np.stack([row, row, -row])) == pytest.approx(1 / 3)
    low, high = detector.limits(50)
    assert low <= detector.score(directions(50, seed=9)) <= high
    assert detector.score(directions(50, seed=9, around=6.0)) > high


def test_mahalanobis_is_farther_for_strangers() -> None:
    detector = mahalanobis.Mahalanobis(POOL)
    assert detector.distances(POOL).mean() == pytest.approx(8, rel=0.3)
    far = np.ones((50, 8), dtype=np.float32)
    assert detector.distances(far).mean() > detector.limit(50)


def test_prada_distance_to_the_growing_set() -> None:
    east, north = np.eye(2, dtype=np.float32)
    rows = np.stack([east, north, east, -east])
    assert prada.distances_to_growing_set(rows) == pytest.approx([np.sqrt(2), 0.0, np.sqrt(2)])


def test_prada_waits_for_more_than_a_hundred_distances() -> None:
    assert prada.lowest_w(directions(101)) is None
    assert prada.lowest_w(directions(180)) is not None


def test_prada_sees_a_mixture_of_two_kinds_of_distance() -> None:
    natural = directions(300, seed=2)
    copies = np.repeat(directions(150, seed=3), 2, axis=0)
    assert prada.lowest_w(copies) < prada.lowest_w(natural)


def test_fraudar_finds_a_planted_block_among_camouflage() -> None:
    ring = [(account, column) for account in range(10) for column in range(6)]
    crowd = [(account, 100) for account in range(200)]
    loose = [(account, 200 + account // 2) for account in range(10, 200)]
    accounts, columns, density = fraudar.densest_block([*ring, *crowd, *loose])
    assert accounts == set(range(10))
    assert columns >= set(range(6))
    assert density > 60 / np.log(15) / 17


def test_fraudar_density_is_the_best_of_every_subset() -> None:
    edges = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (3, 2)]
    degree = {0: 2, 1: 3, 2: 1}
    best = 0.0
    for mask in range(1, 1 << 7):
        accounts = {i for i in range(4) if mask >> i & 1}
        columns = {i for i in range(3) if mask >> (4 + i) & 1}
        weight = sum(1 / np.log(degree[c] + 5) for a, c in edges if a in accounts and c in columns)
        best = max(best, weight / (len(accounts) + len(columns)))
    found = fraudar.densest_block(edges)[2]
    assert best / 2 <= found <= best + 1e-9


def test_evilcohort_needs_two_shared_addresses() -> None:
    ring = [call(f"r{i}", i, client_address=f"192.0.2.{(i + j) % 4}") for i in range(12) for j in range(3)]
    office = [call(f"o{i}", i, client_address="198.51.100.1") for i in range(30)]
    assert evilcohort.accuse(traffic([*ring, *office])).accounts == {f"r{i}" for i in range(12)}


def test_synchrotrap_joins_accounts_that_act_in_the_same_hours() -> None:
    ring = [call(f"r{i}", 60 * h + i, "Solve this") for i in range(6) for h in (0, 3, 7)]
    others = [call(f"o{i}", 60 * (3 * i + h), "Solve this") for i in range(6) for h in range(3)]
    assert synchrotrap.accuse(traffic([*ring, *others])).accounts == {f"r{i}" for i in range(6)}
