"""Spread each account's calls over time, hour by hour, exactly and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.draws import F64, I64, U64, mix, normal, pair
from stillwatch.simulate.rhythm import HOUR, Rhythm


@dataclass(frozen=True)
class Rows:
    """Calls to be written, as columns: when, by whom, in which session, which turn of it, and the session's number."""

    at: I64
    who: I64
    session: U64
    turn: I64
    number: I64
    queued: I64

    def take(self, picked: I64) -> Rows:
        """Return these rows only."""
        columns = (self.at, self.who, self.session, self.turn, self.number, self.queued)
        return Rows(*(column[picked] for column in columns))

    @staticmethod
    def join(parts: list[Rows]) -> Rows:
        """Put parts together."""
        names = ("at", "who", "session", "turn", "number", "queued")
        return Rows(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


@dataclass
class Remaining:
    """What is left to schedule for each account: a few numbers an account, whatever the number of calls."""

    sessions: I64
    calls: I64
    weight: F64
    done: I64
    queued: int = 0


def schedule(
    calls: I64, sessions: I64, rhythm: Rhythm, *, hours: int, start: int, seed: int, gap_seconds: float
) -> Iterator[tuple[int, Rows]]:
    """Yield the calls of each hour, in order of hours; a conversation begun in an hour is yielded with it, whole.

    Each account's sessions fall on the hours as a multinomial draw with its own rates (drawn one hour at a time, as
    binomials of what remains), so that every account makes exactly its number of calls.
    """
    rng = np.random.default_rng([seed, 1])
    left = Remaining(sessions.copy(), calls.copy(), _total_weight(rhythm, hours, len(calls)), np.zeros_like(calls))
    for hour in range(hours):
        who = np.flatnonzero(left.sessions)
        if len(who):
            starts = _sessions_now(rng, left, rhythm, hour, who, final=hour == hours - 1)
            busy = starts > 0
            if busy.any():
                yield hour, _rows(rng, left, who[busy], starts[busy], start + hour * HOUR, gap_seconds, seed)


def _total_weight(rhythm: Rhythm, hours: int, accounts: int) -> F64:
    who = np.arange(accounts)
    total = np.zeros(accounts)
    for hour in range(hours):
        total += rhythm.weights(hour, who)
    return total


def _sessions_now(
    rng: np.random.Generator, left: Remaining, rhythm: Rhythm, hour: int, who: I64, *, final: bool
) -> I64:
    weight = rhythm.weights(hour, who)
    silent = left.weight[who] <= 0  # an account whose hours are all asleep: let it call whenever it may
    weight = np.where(silent & (hour >= rhythm.first[who]), 1.0, weight)
    share = np.divide(weight, left.weight[who], out=np.full(len(who), 0.5), where=~silent) * (weight > 0)
    last = final | (hour >= rhythm.last[who] - 1)
    share = np.where(last, 1.0, np.where(share > 1 - 1e-9, 1.0, share))
    left.weight[who] = np.where(silent, 0.0, np.maximum(left.weight[who] - weight, 1e-12))
    return np.asarray(rng.binomial(left.sessions[who], share)).astype(np.int64)


def _rows(
    rng: np.random.Generator, left: Remaining, who: I64, starts: I64, begin: int, gap_seconds: float, seed: int
) -> Rows:
    extra_left = left.calls[who] - left.sessions[who]
    finished = starts == left.sessions[who]
    drawn = rng.binomial(extra_left, starts / left.sessions[who])
    extra = np.where(finished, extra_left, drawn)
    owner = np.repeat(np.arange(len(who)), starts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(starts) - starts, starts)
    number = left.done[who][owner] + within
    turns = 1 + _share_out(rng, extra, starts)
    left.sessions[who] -= starts
    left.calls[who] -= starts + extra
    left.done[who] += starts
    session = pair(who[owner], number, seed)
    at = begin + rng.integers(0, HOUR, len(owner))
    queue = left.queued + np.argsort(np.argsort(at, kind="stable"), kind="stable")
    left.queued += len(owner)
    return _with_turns(at, who[owner], session, turns, number, queue, gap_seconds)


def _share_out(rng: np.random.Generator, extra: I64, starts: I64) -> I64:
    """Share each account's further turns among its sessions of this hour, at random."""
    turns = np.zeros(int(starts.sum()), np.int64)
    offset = np.repeat(np.cumsum(starts) - starts, extra)
    picked = offset + (rng.random(len(offset)) * np.repeat(starts, extra)).astype(np.int64)
    np.add.at(turns, picked, 1)
    return turns


def _with_turns(at: I64, who: I64, session: U64, turns: I64, number: I64, queue: I64, gap_seconds: float) -> Rows:
    row = np.repeat(np.arange(len(at)), turns)
    first = np.cumsum(turns) - turns
    turn = np.arange(len(row)) - first[row]
    gap = gap_seconds * 1e6 * np.exp(0.9 * normal(mix(session[row] + turn.astype(np.uint64), 41)))
    gap[turn == 0] = 0
    waited = np.cumsum(gap)
    waited -= waited[first][row]
    return Rows(at[row] + waited.astype(np.int64), who[row], session[row], turn, number[row], queue[row])
