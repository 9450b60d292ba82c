"""Spread each account's calls over time, hour by hour, exactly and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

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
        return Rows(**{f.name: getattr(self, f.name)[picked] for f in fields(self)})

    @staticmethod
    def join(parts: list[Rows]) -> Rows:
        """Put parts together."""
        return Rows(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be scheduled: calls and sessions of each account, their rhythm, hours, start in microseconds."""

    calls: I64
    sessions: I64
    rhythm: Rhythm
    hours: int
    start: int
    seed: int
    gap_seconds: float


@dataclass
class Remaining:
    """What is left to schedule for each account: a few numbers an account, whatever the number of calls."""

    rng: np.random.Generator
    sessions: I64
    calls: I64
    weight: F64
    done: I64
    queued: int = 0


def schedule(plan: Plan) -> Iterator[tuple[int, Rows]]:
    """Yield the calls of each hour, in order of hours; a conversation begun in an hour is yielded with it, whole.

    Each account's sessions fall on the hours as a multinomial draw with its own rates (drawn one hour at a time, as
    binomials of what remains), so that every account makes exactly its number of calls.
    """
    left = Remaining(
        rng=np.random.default_rng([plan.seed, 1]),
        sessions=plan.sessions.copy(),
        calls=plan.calls.copy(),
        weight=_total_weight(plan.rhythm, plan.hours, len(plan.calls)),
        done=np.zeros_like(plan.calls),
    )
    for hour in range(plan.hours):
        who = np.flatnonzero(left.sessions)
        if len(who):
            starts = _sessions_now(left, plan, hour, who)
            busy = starts > 0
            if busy.any():
                yield hour, _rows(left, plan, hour, who[busy], starts[busy])


def _total_weight(rhythm: Rhythm, hours: int, accounts: int) -> F64:
    who = np.arange(accounts)
    total = np.zeros(accounts)
    for hour in range(hours):
        total += rhythm.weights(hour, who)
    return total


def _sessions_now(left: Remaining, plan: Plan, hour: int, who: I64) -> I64:
    rhythm = plan.rhythm
    weight = rhythm.weights(hour, who)
    silent = left.weight[who] <= 0  # an account whose hours are all asleep: let it call whenever it may
    weight = np.where(silent & (hour >= rhythm.first[who]), 1.0, weight)
    share = np.divide(weight, left.weight[who], out=np.full(len(who), 0.5), where=~silent) * (weight > 0)
    last = hour >= np.minimum(rhythm.last[who], plan.hours) - 1
    share = np.where(last, 1.0, np.where(share > 1 - 1e-9, 1.0, share))
    left.weight[who] = np.where(silent, 0.0, np.maximum(left.weight[who] - weight, 1e-12))
    return np.asarray(left.rng.binomial(left.sessions[who], share)).astype(np.int64)


def _rows(left: Remaining, plan: Plan, hour: int, who: I64, starts: I64) -> Rows:
    rng = left.rng
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
    session = pair(who[owner], number, plan.seed)
    at = plan.start + hour * HOUR + rng.integers(0, HOUR, len(owner))
    queue = left.queued + np.argsort(np.argsort(at, kind="stable"), kind="stable")
    left.queued += len(owner)
    opening = Rows(at, who[owner], session, np.zeros_like(at), number, queue)
    return _with_turns(opening, turns, plan.gap_seconds)


def _share_out(rng: np.random.Generator, extra: I64, starts: I64) -> I64:
    """Share each account's further turns among its sessions of this hour, at random."""
    turns = np.zeros(int(starts.sum()), np.int64)
    offset = np.repeat(np.cumsum(starts) - starts, extra)
    picked = offset + (rng.random(len(offset)) * np.repeat(starts, extra)).astype(np.int64)
    np.add.at(turns, picked, 1)
    return turns


def _with_turns(opening: Rows, turns: I64, gap_seconds: float) -> Rows:
    """Repeat each session's first call for its further turns, later and later."""
    row = np.repeat(np.arange(len(turns)), turns)
    first = np.cumsum(turns) - turns
    turn = np.arange(len(row)) - first[row]
    rows = opening.take(row)
    gap = gap_seconds * 1e6 * np.exp(0.9 * normal(mix(rows.session + turn.astype(np.uint64), 41)))
    gap[turn == 0] = 0
    waited = np.cumsum(gap)
    waited -= waited[first][row]
    return replace(rows, at=rows.at + waited.astype(np.int64), turn=turn)
