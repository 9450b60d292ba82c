from __future__ import annotations

from hand_made_calls import REFUSED, Row, See, call, calls_in

BANNED, WAVE = 12 * 10 + 5, 10
"""The hour of the ban, and the window of twelve hours it lies in."""


def pool(accounts: int, *, first: int = 100, then: bool = False) -> list[Row]:
    """Return accounts that work until the ban, are refused, and (``then``) work again."""
    rows = []
    for account in range(first, first + accounts):
        rows += calls_in(account, [3, 50, BANNED])
        rows += [call(account, hour=BANNED, **REFUSED), call(account, hour=BANNED + 1, **REFUSED)]
        rows += calls_in(account, [BANNED + 30] if then else [])
    return rows


def test_sees_the_banned_and_those_who_take_over_hold_one_wave(see: See) -> None:
    heirs = calls_in(1, [BANNED + 2, BANNED + 90]) + calls_in(2, [BANNED + 10])
    edges = see("handover", pool(12) + heirs)
    assert {e[1] for e in edges} == {WAVE}
    assert [e[0] for e in edges] == [1, 2, *range(100, 112)]


def test_sees_nobody_who_was_there_before_or_came_days_after(see: See) -> None:
    others = calls_in(1, [0, BANNED + 2]) + calls_in(2, [BANNED + 48])
    assert {e[0] for e in see("handover", pool(12) + others)} == set(range(100, 112))


def test_sees_no_wave_where_few_are_refused(see: See) -> None:
    assert see("handover", pool(9) + calls_in(1, [BANNED + 2])) == []


def test_sees_no_wave_where_the_refused_go_on_afterwards(see: See) -> None:
    assert see("handover", pool(12, then=True) + calls_in(1, [BANNED + 2])) == []


def test_sees_no_wave_where_nothing_ever_worked(see: See) -> None:
    rows = [call(a, hour=BANNED, **REFUSED) for a in range(100, 120)]
    assert see("handover", rows + calls_in(1, [BANNED + 2])) == []
