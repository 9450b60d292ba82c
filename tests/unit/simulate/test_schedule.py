import numpy as np
import pytest

from stillwatch.simulate.block import Block
from stillwatch.simulate.draws import addresses, join, mix
from stillwatch.simulate.rhythm import HOUR, make_rhythm
from stillwatch.simulate.schedule import Plan, Rows, schedule

DAYS = 6
RHYTHMS = ("human", "office", "flat", "synchronous", "night", "deadline", "release", "trace")


def rows(rhythm: str, calls: np.ndarray, *, turns: float = 1.0, **block: float) -> Rows:
    made = Block("human", rhythm=rhythm, turns=turns, **block)
    person = mix(np.arange(len(calls)))
    sessions = np.maximum(1, np.round(calls / turns).astype(np.int64))
    plan = Plan(
        calls=calls,
        sessions=sessions,
        rhythm=make_rhythm(made, person, days=DAYS, seed=5),
        hours=DAYS * 24,
        start=0,
        seed=9,
        gap_seconds=30.0,
    )
    return Rows.join([r for _, r in schedule(plan)])


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_every_account_makes_exactly_its_calls(rhythm: str) -> None:
    calls = np.arange(1, 60)
    made = rows(rhythm, calls, turns=2.5, active_share=0.3)
    assert (np.bincount(made.who, minlength=len(calls)) == calls).all()


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_sessions_begin_inside_the_blocks_days(rhythm: str) -> None:
    begun = rows(rhythm, np.full(40, 30), first_day=2, days=3)
    assert begun.at.min() >= 2 * 24 * HOUR
    assert begun.at.max() < 5 * 24 * HOUR


def test_turns_of_a_session_follow_each_other() -> None:
    made = rows("flat", np.full(20, 40), turns=4.0)
    order = np.lexsort((made.turn, made.session))
    same = made.session[order][1:] == made.session[order][:-1]
    assert (np.diff(made.at[order])[same] > 0).all()
    assert (np.diff(made.turn[order])[same] == 1).all()


def test_stints_follow_each_other() -> None:
    made = rows("flat", np.full(6, 50), stint_days=1)
    first = [made.at[made.who == i].min() // (24 * HOUR) for i in range(6)]
    assert first == [0, 1, 2, 3, 4, 5]


def test_a_queue_hands_every_place_out_once() -> None:
    made = rows("flat", np.full(20, 10))
    assert sorted(made.queued.tolist()) == list(range(200))


def test_addresses_are_of_ranges_that_belong_to_nobody() -> None:
    values = mix(np.arange(50)) % np.uint64(2**28) + np.uint64(0xF0000000)
    six = np.arange(50) % 2 == 0
    text = addresses(values, six).to_pylist()
    assert all(t.startswith("2001:db8:") if s else int(t.split(".")[0]) >= 240 for t, s in zip(text, six, strict=True))


def test_join_repeats_plain_strings() -> None:
    values = addresses(np.array([0xF0000001], np.uint64), np.array([False]))
    assert join("<", values, ">").to_pylist() == ["<240.0.0.1>"]
