from __future__ import annotations

from hand_made_calls import See, calls_in


def test_sees_accounts_active_in_the_same_hours_together(see: See) -> None:
    (first, second) = see("lockstep", calls_in(1, [3, 8, 40, 41]) + calls_in(2, [3, 8, 40, 41, 41]))
    assert first[1] == second[1]
    assert (first[2], second[2]) == (4, 5)


def test_agrees_about_as_often_as_the_hours_are_alike(see: See) -> None:
    pairs = 400
    rows = []
    for i in range(pairs):
        hours = [i * 1_000 + 37 * j for j in range(12)]
        # Eight hours in common out of twelve in all.
        rows += calls_in(2 * i, hours[:10]) + calls_in(2 * i + 1, hours[2:])
    seen = {account: value for account, value, _ in see("lockstep", rows)}
    agreed = sum(seen[2 * i] == seen[2 * i + 1] for i in range(pairs)) / pairs
    assert 8 / 12 - 0.1 < agreed < 8 / 12 + 0.1


def test_hardly_ever_agrees_where_no_hour_is_shared(see: See) -> None:
    rows = [row for account in range(40) for row in calls_in(account, range(account * 12, account * 12 + 12))]
    values = [value for _, value, _ in see("lockstep", rows)]
    assert len(set(values)) == 40


def test_says_nothing_of_two_hours(see: See) -> None:
    assert see("lockstep", calls_in(1, [3, 8])) == []
