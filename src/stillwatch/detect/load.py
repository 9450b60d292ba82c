"""Whether accounts take turns: active hours that complement each other, as a load balancer or a rota makes them.

No single account shows it, so it is asked of a group as a whole. The null keeps every account's hours, how many and in
which rhythm, and turns each account's clock by a random number of hours around the log's period. Strangers who live by
the same day then coincide less than they do, so only accounts that avoid each other fall below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.answers import Finding
from stillwatch.detect.columns import integers
from stillwatch.detect.strands import Ints
from stillwatch.records import Family
from stillwatch.store.engine import Engine

MAX_ACCOUNTS = 200
"""Accounts looked at, those with the smallest keys, which are random: 20,000 pairs show a tenth less than chance."""
TURNS = 199
"""Random turns of the clocks: the least chance that can be shown is one in 200."""
MIN_EXPECTED = 20.0
"""Coincident pairs of active hours to expect, below which their absence says nothing (two sigma are then 45 %)."""
MAX_RATIO = 0.7
"""Coincidences are fewer than this share of those expected: less is of no use as evidence, however sure."""
MAX_BITS = 2.0
"""Rotas exist in honest firms too, though not among strangers: at most four to one."""


@dataclass(frozen=True)
class Load:
    """Pairs of accounts active in one hour: how many there are, how many to expect, and how often so few by chance."""

    together: float
    expected: float
    chance: float


def find_loads(engine: Engine, calls: nw.LazyFrame[Any], accounts: Sequence[Ints]) -> list[Load]:
    """Measure each group's load; ``calls`` has a column ``group``, the position of its accounts in ``accounts``."""
    some = [np.sort(a)[:MAX_ACCOUNTS] for a in accounts]
    chosen = pa.table(
        {
            "account": np.concatenate(some),
            "group": np.concatenate([np.full(len(a), i) for i, a in enumerate(some)]),
        }
    )
    active = calls.select("group", "account", "hour").join(engine.lazy(chosen), on=["group", "account"], how="inner")
    table = engine.collect(active.group_by("group", "account", "hour").agg(calls=nw.len()))
    group, account, hour = (integers(table[n]) for n in ("group", "account", "hour"))
    order = np.lexsort((hour, account, group))
    group, account, hour = group[order], account[order], hour[order]
    bounds = np.searchsorted(group, np.arange(len(some) + 1))
    return [measure(account[a:b], hour[a:b]) for a, b in pairwise(bounds)]


def measure(account: Ints, hour: Ints) -> Load:
    """Count the coincidences of accounts' active hours (one row an account and hour) and compare with turned clocks.

    Once a turn has shown as few, chance explains them and no further turn is asked: the chance is then one in as many
    as were made (Besag & Clifford 1991, Sequential Monte Carlo p-values).
    """
    if not len(hour):
        return Load(0.0, 0.0, 1.0)
    _, number = np.unique(account, return_inverse=True)
    hour = hour - hour.min()
    period = int(hour.max()) + 1
    draw = np.random.default_rng(0)
    together = _pairs(hour, period)
    turned: list[float] = []
    while len(turned) < TURNS:
        turned.append(_pairs((hour + draw.integers(period, size=number.max() + 1)[number]) % period, period))
        if turned[-1] <= together:
            return Load(together, float(np.mean(turned)), 1.0 / len(turned))
    return Load(together, float(np.mean(turned)), 1.0 / (TURNS + 1))


def _pairs(hour: Ints, period: int) -> float:
    count = np.bincount(hour, minlength=period).astype(float)
    return float((count * (count - 1.0)).sum() / 2.0)


def taking_turns(load: Load) -> list[Finding]:
    """Judge a load: bits for one operator where accounts avoid each other more than any turn of their clocks did."""
    if load.expected < MIN_EXPECTED or load.chance > 1 / (TURNS + 1) or load.together > MAX_RATIO * load.expected:
        return []
    bits = min(MAX_BITS, float(np.log2(load.expected / max(1.0, load.together))))
    says = (
        f"They take turns: two of them are active in one hour {load.together:,.0f} times, where "
        f"{load.expected:,.0f} are to be expected of strangers with as many hours each."
    )
    return [Finding("complementary_load", Family.TIMING, bits, says)]
