"""What each strand holds of a signal, as small numbers: one for each observable in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.detect.columns import numbered
from stillwatch.detect.kernels import Pairs, Runs, choose, number_pairs
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.strands import Floats, Ints
from stillwatch.detect.threads import each
from stillwatch.records import Family


@dataclass(frozen=True)
class Codes:
    """One signal over the strands: ``code`` numbers (cell, observable) pairs, -1 where the strand has none.

    ``base`` counts, for each code, the background accounts that hold the observable, by stratum of ``Background``.
    Where the signal is partial, ``known`` counts those of each stratum of whom it says anything.
    """

    name: str
    family: Family
    max_bits: float
    of_tool: bool
    code: Ints
    code_cell: Ints
    code_observable: Ints
    base: tuple[Floats, ...]
    known: tuple[float, ...] | None = None

    @property
    def base_all(self) -> Floats:
        """Of all background accounts, how many hold each observable."""
        return self.base[0]


@dataclass(frozen=True)
class Background:
    """The accounts that stand for everybody: keys in ascending order, and which of them hardly ever follow up."""

    account: Ints
    single_turn: npt.NDArray[np.bool_]

    @property
    def strata(self) -> list[npt.NDArray[np.bool_]]:
        """Who is in each stratum: everybody, and those that hardly ever follow up."""
        return [np.ones(len(self.account), bool), self.single_turn]


@dataclass(frozen=True)
class Numbered:
    """What one signal saw, its observables as numbers.

    ``value`` is the number of each edge's observable, ``values`` are the observables by number. ``base`` counts by
    number the background accounts that hold it, for each stratum; ``known`` as in ``Codes``.
    """

    observed: Observed
    values: Ints
    value: Ints
    base: tuple[Floats, ...]
    known: tuple[float, ...] | None

    @classmethod
    def of(cls, observed: Observed, background: Background) -> Numbered:
        """Give numbers to the observables that strands hold, and count who else holds them."""
        values, value = numbered(observed.strands.observable)
        known = _known(observed.background, background) if observed.signal.partial else None
        return cls(observed, values, value, _counts(observed.background, background, values), known)


def number_all(observed: Sequence[Observed], background: Background) -> list[Numbered]:
    """Give numbers to what every signal saw."""
    return each(lambda one: Numbered.of(one, background), observed)


def encode_all(numbered: Sequence[Numbered], cell: Ints, strand_of: Ints) -> list[Codes]:
    """Encode every signal."""
    return each(lambda one: encode(one, cell, strand_of), numbered)


def encode(seen: Numbered, cell: Ints, strand_of: Ints) -> Codes:
    """Give each strand its most shared observable of one signal within its cell.

    ``strand_of`` maps rows (one a strand and cell; seeds repeat a strand in several cells) to strand numbers. The rows
    of a cell stand together.
    """
    edges, signal = seen.observed.strands, seen.observed.signal
    runs = Runs(*edges.bounds(strand_of), cell)
    size = int((runs.stop - runs.start).sum())
    pairs = Pairs(*(np.empty(size, np.int64) for _ in Pairs._fields))
    pair = np.empty(size, np.int64)
    found = number_pairs(runs, seen.value, np.full(len(seen.values), -1), pair, pairs)
    code = np.empty(len(strand_of), np.int64)
    # Only what is some strand's most shared observable is counted from here on: a tenth of what many addresses leave.
    used = np.zeros(found, bool)
    choose(runs, pair, pairs.holders, edges.calls, used, code)
    held = pairs.value[:found][used]
    return Codes(
        signal.name,
        signal.family,
        signal.max_bits,
        signal.of_tool,
        code,
        pairs.cell[:found][used],
        seen.values[held],
        tuple(counts[held] for counts in seen.base),
        seen.known,
    )


def _counts(edges: Edges, background: Background, values: Ints) -> tuple[Floats, ...]:
    """Count the accounts of each stratum that hold each of these observables."""
    place = pc.index_in(pa.array(edges.observable), value_set=pa.array(values)).fill_null(-1).to_numpy()
    held = place >= 0
    unit = np.searchsorted(background.account, edges.unit[held])
    counts = [np.bincount(place[held], weights=stratum[unit], minlength=len(values)) for stratum in background.strata]
    return tuple(c.astype(float) for c in counts)


def _known(edges: Edges, background: Background) -> tuple[float, ...]:
    """Count the accounts of each stratum that a signal saw."""
    at = np.searchsorted(background.account, np.unique(edges.unit))
    return tuple(float(stratum[at].sum()) for stratum in background.strata)
