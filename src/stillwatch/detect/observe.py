"""Run the signals over strands and over a background of accounts, and number what they saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import narwhals as nw
import numpy as np
import numpy.typing as npt

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
    def distinct(self) -> tuple[Ints, Ints]:
        """The observables in ascending order, and which of them each row has."""
        values, inverse = np.unique(self.observable, return_inverse=True)
        return values, inverse

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
    seen = []
    for signal in signals:
        on_signal(signal.name)
        frames = (strand_calls, background_calls) if signal.reads == "calls" else (strand_accounts, background_accounts)
        if frames[0] is None or frames[1] is None:
            continue
        if signal.compares:
            seen.append(_compared(engine, signal, frames[0], frames[1]))
        else:
            seen.append(Observed(signal, _edges(engine, signal, frames[0]), _edges(engine, signal, frames[1])))
    return seen


def _compared(engine: Engine, signal: Signal, strands: Frame, background: Frame) -> Observed:
    """Show the signal both populations at once: one that compares accounts must hold them all to one standard.

    Strands are numbered from zero, accounts are keyed hashes: that a hash is so small is as good as impossible.
    """
    columns = list(dict.fromkeys(("account", *signal.needs)))
    both = nw.concat([frame.select(*columns) for frame in (strands, background)], how="vertical")
    edges = _edges(engine, signal, engine.keep(both))
    known = integers(engine.collect(background.select("account").unique())["account"])
    outside = np.isin(edges.unit, known)
    return Observed(signal, edges.where(~outside), edges.where(outside))


def _edges(engine: Engine, signal: Signal, frame: Frame) -> Edges:
    table = engine.collect(signal.see(frame))
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
