"""When accounts are active: relative rates by hour of the week, by person, by day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from stillwatch.errors import ScenarioError
from stillwatch.simulate.block import Block
from stillwatch.simulate.draws import F64, I64, U64, below, mix, normal, pair, unit

HOUR = 3_600_000_000
"""Microseconds an hour; all times inside the simulation are microseconds since 1970."""

WEEK = 168

ZONES = np.array([-8, -6, -5, -5, -3, 0, 0, 1, 1, 1, 2, 3, 5, 5, 7, 8, 8, 8, 9, 10])
"""Offsets from UTC, repeated roughly as people with internet access are spread over them."""

HUMAN_DAY = np.array([3, 2, 1, 1, 1, 1, 3, 6, 9, 12, 13, 13, 11, 12, 13, 13, 12, 11, 11, 12, 12, 11, 8, 5], float)
"""Relative use by local hour: night to day about 1 to 10, as in Azure's and ServeGen's conversation traces."""

OFFICE_DAY = np.array([1, 1, 1, 1, 1, 1, 2, 5, 10, 14, 14, 13, 10, 12, 14, 13, 12, 9, 5, 3, 2, 2, 1, 1], float)


@dataclass(frozen=True)
class Rhythm:
    """Relative rates: one row of ``tables`` for each account, shifted to its time zone, inside its window of hours."""

    tables: F64
    row: I64
    shift: I64
    first: I64
    last: I64
    active_share: F64
    person: U64

    def weights(self, hour: int, who: npt.NDArray[np.int64]) -> F64:
        """Return the relative rate of these accounts in this hour of the scenario."""
        local = (hour + self.shift[who]) % self.tables.shape[1]
        rate = self.tables[self.row[who], local]
        inside = (hour >= self.first[who]) & (hour < self.last[who])
        awake = unit(pair(self.person[who], np.full(len(who), hour // 24), 31)) < self.active_share[who]
        return np.asarray(np.where(inside & awake, rate, 0.0))


def make_rhythm(block: Block, person: U64, *, days: int, seed: int, trace: F64 | None = None) -> Rhythm:
    """Give each account its hours. ``trace`` has one row of hourly rates for each real tenant."""
    n = len(person)
    hours = days * 24
    tables = _tables(block, hours, seed, trace)
    first = np.full(n, int(block.first_day * 24))
    last = np.full(n, int((block.first_day + (block.days or days - block.first_day)) * 24))
    if block.rhythm in {"human", "office", "trace"} and not block.campaign:
        first, last = _lifetimes(person, first, last)
    if block.stint_days:
        first, last = _stints(block.stint_days, first, last)
    own_hours = block.rhythm in {"human", "office"}
    shift = (
        ZONES[below(mix(person, 11), len(ZONES))] + below(mix(person, 12), 4) if own_hours else np.zeros(n, np.int64)
    )
    spread = np.clip(block.active_share * np.exp(0.5 * normal(mix(person, 13))), 0.02, 1.0)
    share = spread if block.active_share < 1 else np.ones(n)
    return Rhythm(tables, below(mix(person, 14), len(tables)), shift, first, np.maximum(last, first + 1), share, person)


def read_trace(path: str) -> F64:
    """Read hourly rates of real tenants (client, service, model, ts in seconds, rate), one row each, normalised."""
    columns = ["service", "model", "client", "ts", "rate"]
    try:
        table = pq.read_table(path, columns=columns).to_pydict()
    except (OSError, KeyError, ValueError) as problem:
        raise ScenarioError(f"{path}: a trace needs the columns {', '.join(columns)}: {problem}") from problem
    names = [f"{s}/{m}/{c}" for s, m, c in zip(table["service"], table["model"], table["client"], strict=True)]
    clients = {name: i for i, name in enumerate(dict.fromkeys(names))}
    hours = np.asarray(table["ts"], np.float64).astype(np.int64) // 3600
    rates = np.zeros((len(clients), int(hours.max()) + 1))
    np.add.at(rates, (np.array([clients[n] for n in names]), hours), np.asarray(table["rate"], np.float64))
    return np.asarray(rates / np.maximum(rates.sum(axis=1, keepdims=True), 1e-12))


def _stints(days: float, first: I64, last: I64) -> tuple[I64, I64]:
    """Accounts used one after the other, each for so many days, the starts evenly spaced."""
    length = np.minimum(max(1, round(days * 24)), last - first)
    place = np.arange(len(first)) / max(1, len(first) - 1)
    begin = first + np.floor(place * (last - first - length)).astype(np.int64)
    return begin, begin + length


def _lifetimes(person: U64, first: I64, last: I64) -> tuple[I64, I64]:
    """Half of the honest accounts join or leave during the scenario, evenly: there is always a newcomer."""
    length = last - first
    late = np.where(unit(mix(person, 21)) < 0.35, below(mix(person, 22), np.maximum(1, length * 7 // 8)), 0)
    early = np.where(unit(mix(person, 23)) < 0.2, below(mix(person, 24), np.maximum(1, length // 2)), 0)
    begin = first + late
    return begin, np.maximum(begin + 12, last - early)


def _tables(block: Block, hours: int, seed: int, trace: F64 | None) -> F64:
    wave = np.exp(0.35 * normal(mix(np.arange(hours), seed + 5)))
    made: dict[str, Callable[[], F64]] = {
        "human": lambda: np.concatenate([_week(HUMAN_DAY, w) for w in (0.7, 1.0, 1.2)]),
        "office": lambda: _week(OFFICE_DAY, 0.15),
        "night": lambda: _nights(seed),
        "flat": lambda: np.ones((1, WEEK)),
        "trace": lambda: trace if trace is not None else _bursty(hours, seed),
        "synchronous": lambda: _synchronous(wave, seed),
        "deadline": lambda: _deadline(hours),
        "release": lambda: (np.exp(-np.arange(hours) / 14.0) * wave)[None, :],  # interest falls by e in 14 hours
    }
    return np.asarray(made[block.rhythm]())


def _nights(seed: int) -> F64:
    start = below(mix(np.arange(5), seed), 5)
    return np.stack([np.tile(np.eye(24)[s + 1] + 0.3 * np.eye(24)[s + 2], 7) for s in start])


def _synchronous(wave: F64, seed: int) -> F64:
    # The operator's own restarts stop every account at once: one stretch of three hours in sixteen.
    pause = unit(mix(np.arange(len(wave)) // 3, seed + 6)) < 0.06
    return (wave * ~pause)[None, :]


def _deadline(hours: int) -> F64:
    rush = np.exp((np.arange(hours) - hours) / 9.0)  # e times as much every nine hours
    return (rush * np.resize(HUMAN_DAY, hours))[None, :]


def _week(day: F64, weekend: float) -> F64:
    return np.concatenate([np.tile(day, 5), np.tile(day * weekend, 2)])[None, :]


def _bursty(hours: int, seed: int) -> F64:
    """Stand-in for tenants' traces: 40 shapes, a daily wave times a slow log-normal walk.

    ServeGen's clients (421 tenants of a production service) have hourly rates whose logarithm moves with a standard
    deviation of about 0.8 over hours, most with a daily wave, some without.
    """
    shapes = np.arange(40)[:, None]
    noise = normal(pair(shapes, np.arange(hours)[None, :] // 4, seed + 7).ravel()).reshape(40, hours)
    depth = unit(mix(np.arange(40), seed + 8))[:, None]
    phase = below(mix(np.arange(40), seed + 9), 24)[:, None]
    wave = 1.0 + depth * np.sin(2 * np.pi * (np.arange(hours)[None, :] + phase) / 24)
    return np.asarray(wave * np.exp(0.8 * noise))
