from __future__ import annotations

import pytest

from stillwatch.gateway.limits.table import EXAMINED, Table, TableFull


def table(most: int, busy: set[int]) -> tuple[Table[int, int], list[int]]:
    forgot: list[int] = []
    return Table(most, is_idle=lambda value: value not in busy, forgot=lambda: forgot.append(1)), forgot


def test_nothing_is_forgotten_before_it_is_full() -> None:
    values, forgot = table(10, set())
    for n in range(10):
        values.get(n, lambda n=n: n)
    assert len(values) == 10
    assert not forgot


def test_a_flood_forgets_the_idle_and_never_the_busy() -> None:
    busy = {0, 1, 2}
    values, forgot = table(10, busy)
    for n in range(1000):
        values.get(n, lambda n=n: n)
    assert len(values) <= 10
    assert all(values.find(n) == n for n in busy)
    assert forgot


def test_a_newcomer_is_refused_when_all_are_busy() -> None:
    values, _ = table(10, set(range(10)))
    for n in range(10):
        values.get(n, lambda n=n: n)
    with pytest.raises(TableFull):
        values.get(11, lambda: 11)
    assert sorted(values) == list(range(10))


def test_the_idle_are_found_behind_many_busy_ones() -> None:
    busy = set(range(5 * EXAMINED))
    values, _ = table(5 * EXAMINED + 1, busy)
    for n in range(5 * EXAMINED + 1):
        values.get(n, lambda n=n: n)
    for _ in range(6):
        try:
            values.get(-1, lambda: -1)
        except TableFull:
            continue
    assert values.find(-1) == -1
    assert values.find(5 * EXAMINED) is None
