"""Run the signals over strands and over a background of accounts, and number what they saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.detect.signal import Frame, Signal
from stillwatch.detect.strands import Ints
from stillwatch.store.engine import Engine

BACKGROUND_CALLS = 1_500_000
"""Enough accounts to estimate shares down to one in ten thousand, few enough to take a few seconds."""


@dataclass(frozen=True)
class Edges:
    """Who was seen with what: units (strand numbers or account keys), observables, calls; by unit, then observable."""

    unit: Ints
    observable: Ints
    calls: Ints

    @cached_property
    def _stops(self) -> Ints:
        return np.cumsum(np.bincount(self.unit))

    def bounds(self, strands: Ints) -> tuple[Ints, Ints]:
        """Return where the rows of these strands, numbers from zero, start and stop."""
        stops = np.concatenate([[0], self._stops, [len(self.unit)]])
        last = len(stops) - 2
        return stops[strands.clip(0, last)], stops[(strands + 1).clip(0, last + 1)]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Edges:
        """Return these rows only."""
        return Edges(self.unit[chosen], self.observable[chosen], self.calls[chosen])


@dataclass(frozen=True)
class Observed:
    """One signal's edges over strands and over the background's accounts."""

    signal: Signal
    strands: Edges
    background: Edges


def skipped_because(signal: Signal, columns_with_values: frozenset[str], *, has_accounts: bool) -> str | None:
    """Say why a signal cannot be run on this input, or None."""
    if signal.reads == "accounts" and not has_accounts:
        return "no accounts table was given"
    missing = [name for name in signal.needs if name not in columns_with_values]
    rows = "call" if signal.reads == "calls" else "account"
    return f"no {rows} has a value for {', '.join(missing)}" if missing else None


def observe(
    engine: Engine,
    signals: Sequence[Signal],
    *,
    strand_calls: Frame,
    strand_accounts: Frame | None,
    background_calls: Frame,
    background_accounts: Frame | None,
    on_signal: Callable[[str], None] = lambda _name: None,
) -> list[Observed]:
    """Run each signal on both populations; the accounts frames may be None where no accounts table was given."""
    # One signal's edges are put in order while the engine computes the next.
    with ThreadPoolExecutor(1) as pool:
        seen = []
        for signal in signals:
            on_signal(signal.name)
            of_calls = signal.reads == "calls"
            strands, background = (
                (strand_calls, background_calls) if of_calls else (strand_accounts, background_accounts)
            )
            if strands is None or background is None:
                continue
            see = _see_both if signal.compares else _see_each
            seen.append(pool.submit(*see(engine, signal, strands, background)))
        return [one.result() for one in seen]


def _see_each(engine: Engine, signal: Signal, strands: Frame, background: Frame) -> tuple[Any, ...]:
    return _each_ordered, signal, engine.collect(signal.see(strands)), engine.collect(signal.see(background))


def _each_ordered(signal: Signal, strands: pa.Table, background: pa.Table) -> Observed:
    return Observed(signal, _edges(strands), _edges(background))


def _see_both(engine: Engine, signal: Signal, strands: Frame, background: Frame) -> tuple[Any, ...]:
    """Show the signal both populations at once: one that compares accounts must hold them all to one standard.

    Strands are numbered from zero, accounts are keyed hashes: that a hash is so small is as good as impossible.
    """
    columns = list(dict.fromkeys(("account", *signal.needs)))
    both = nw.concat([frame.select(*columns) for frame in (strands, background)], how="vertical")
    seen = engine.collect(signal.see(engine.keep(both)))
    return _both_ordered, signal, seen, engine.collect(background.select("account").unique())


def _both_ordered(signal: Signal, both: pa.Table, background: pa.Table) -> Observed:
    edges = _edges(both)
    outside = np.isin(edges.unit, integers(background["account"]))
    return Observed(signal, edges.where(~outside), edges.where(outside))


def _edges(table: pa.Table) -> Edges:
    unit, observable, calls = (integers(table[name]) for name in ("account", "observable", "calls"))
    order = _order(unit, observable)
    return Edges(unit[order], observable[order], calls[order])


def _order(unit: Ints, observable: Ints) -> Ints:
    """Order rows by unit, then observable."""
    if not len(unit) or unit.min() < 0 or max(int(unit.max()), len(unit)) >= 1 << 31:
        return np.lexsort((observable, unit))
    # Small units, as strands have: one sort of numbers, with the place by observable in the lower half of each.
    by_observable = np.argsort(observable)
    order: Ints = by_observable[np.sort((unit[by_observable] << 32) | np.arange(len(unit))) & 0xFFFFFFFF]
    return order
