"""Cells and their strands.

A *cell* is a set of calls that share one content observable: a recurring template (skeleton, else system text), or a
kind of use where the wording is paraphrased. A *strand* is one account's calls inside one cell: its sub-stream.
Everything after this weighs strands, so an account is judged by the sub-stream and not by its other traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.columns import integers, numbered
from stillwatch.detect.threads import each
from stillwatch.detect.wording import wording_bits
from stillwatch.store.engine import Engine

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MIN_ENTITIES = 5
"""Fewer than five strangers who agree are a family or a small team too often to be called a campaign."""
FIRM_WORDS = 16
"""A template with fewer fixed words is weighed only where accounts come back to it,"""
MIN_CALLS_OF_SHORT = 2.0
"""this many times on average, or"""
MAX_PHRASE_CENTIBITS = -250
"""where its wording asks for something: at this score (detect/uses.py) hardly any of its calls has a cue."""
MAX_TEMPLATES = 20_000
"""The most templates weighed in one scan, those with the most entities first: bounds memory."""
FIRST_LOOK = 2
"""So many times MAX_TEMPLATES, those with the most calls, are looked at first."""


@dataclass(frozen=True)
class Population:
    """The accounts of the log, in ascending order of key: totals, and the entity (declared owner or itself) of each."""

    account: Ints
    calls: Ints
    output_tokens: Ints
    first: Ints
    last: Ints
    follow_ups: Ints
    harvest: Ints
    entity: Ints

    def index(self, accounts: Ints) -> Ints:
        """Return the positions of these account keys, all of which are known."""
        return np.searchsorted(self.account, accounts)

    def entities(self, accounts: Ints) -> int:
        """Return how many entities hold these accounts."""
        return len(np.unique(self.entity[self.index(accounts)]))

    @cached_property
    def owner(self) -> Ints:
        """The number of each account's entity."""
        return np.unique(self.entity, return_inverse=True)[1]


@dataclass(frozen=True)
class Strands:
    """One row a strand. ``cell`` numbers the cells 0.. in a deterministic order.

    ``cell_wording`` is how much a cell's own wording is that of a harvest, in bits (detect/wording.py).
    """

    account: Ints
    cell: Ints
    calls: Ints
    score: Ints
    follow_ups: Ints
    output_tokens: Ints
    cell_kind: npt.NDArray[np.int8]
    cell_value: Ints
    cell_words: Ints
    cell_wording: Floats

    def __len__(self) -> int:
        return len(self.account)

    def cell_number(self, kind: int, value: int) -> int:
        """Return the number of the cell of this content; cells are numbered by kind, then value."""
        start, stop = self._kinds[kind : kind + 2]
        return int(start + np.searchsorted(self.cell_value[start:stop], value))

    def of_cell(self, kind: int, value: int) -> Ints:
        """Return the positions of a cell's strands, which stand together."""
        number = self.cell_number(kind, value)
        return np.arange(self._bounds[number], self._bounds[number + 1])

    @cached_property
    def sizes(self) -> Ints:
        """How many strands each cell has."""
        return np.diff(self._bounds)

    def of_cells(self, numbers: Ints) -> Ints:
        """Return the positions of the strands of these cells, cell by cell."""
        start, counts = self._bounds[numbers], self.sizes[numbers]
        return np.repeat(start - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())

    def are_of(self, accounts: Ints, rows: Ints) -> npt.NDArray[np.bool_]:
        """Say of each of these strands whether it is one of these accounts'."""
        known, number = self._known
        inside = np.zeros(len(known), bool)
        at = np.searchsorted(known, accounts).clip(0, max(0, len(known) - 1))
        inside[at[known[at] == accounts] if len(known) else at[:0]] = True
        return inside[number[rows]]

    @cached_property
    def _kinds(self) -> Ints:
        return np.searchsorted(self.cell_kind, np.arange(len(CELL_COLUMNS) + 1))

    @cached_property
    def _bounds(self) -> Ints:
        return np.searchsorted(self.cell, np.arange(len(self.cell_kind) + 1))

    @cached_property
    def _known(self) -> tuple[Ints, Ints]:
        return np.unique(self.account, return_inverse=True)


TEMPLATE, USE, SYSTEM = 0, 1, 2
CELL_COLUMNS = {TEMPLATE: "template", USE: "use", SYSTEM: "instruction"}
"""What a cell's calls share, by its kind: the column that holds it."""
MIN_SYSTEM_WORDS = 8
"""A shorter system text ("You are a helpful assistant.") is a habit of the trade and says nothing of who sends it."""


def mark_calls(engine: Engine, calls: nw.LazyFrame[Any], cue_table: pa.Table) -> nw.LazyFrame[Any]:
    """Add ``score``, ``use``, ``template`` and ``instruction`` (with their lengths in words) to each call."""
    specific = nw.col("system_words") >= MIN_SYSTEM_WORDS
    return calls.join(engine.lazy(cue_table), on="cues", how="inner").with_columns(
        template=nw.col("skeleton"),
        template_words=nw.col("skeleton_words").cast(nw.Int64),
        instruction=nw.when(specific).then(nw.col("system")).otherwise(None),
        instruction_words=nw.col("system_words").cast(nw.Int64),
        use_words=nw.lit(0).cast(nw.Int64),
    )


def find_strands(engine: Engine, marked: nw.LazyFrame[Any], population: Population) -> Strands:
    """Collect the strands of every cell that at least MIN_ENTITIES entities hold."""
    sums = {
        "calls": nw.len(),
        "score": nw.col("score").sum().cast(nw.Int64),
        "follow_ups": nw.when(nw.col("turns") > 0).then(1).otherwise(0).sum().cast(nw.Int64),
        "output_tokens": nw.col("output_tokens").cast(nw.Int64).sum().cast(nw.Int64),
    }
    pieces = []
    for kind, column in CELL_COLUMNS.items():
        sums["words"] = nw.col(f"{column}_words").max()
        if kind == USE:
            rows = _grouped(engine, marked.filter(nw.col("use") > 0), column, sums)
        else:
            rows = _shared(engine, marked, column, sums, population)
        rows = _in_order(rows)
        rows["kind"] = np.full(len(rows["value"]), kind)
        pieces.append(rows)
    every = {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}
    new = np.ones(len(every["kind"]), bool)
    new[1:] = (np.diff(every["kind"]) != 0) | (np.diff(every["value"]) != 0)
    cell = np.cumsum(new) - 1
    kinds, values = every["kind"][new], every["value"][new]
    return Strands(
        **{name: every[name] for name in ("account", "calls", "score", "follow_ups", "output_tokens")},
        cell=cell,
        cell_kind=kinds.astype(np.int8),
        cell_value=values,
        cell_words=_largest(cell, every["words"]),
        cell_wording=_wordings(engine, marked, kinds, values),
    )


def _in_order(rows: dict[str, Ints]) -> dict[str, Ints]:
    """Order strands by value, then account."""
    value, account = _ranks(rows["value"]), _ranks(rows["account"])
    # One number for a value and an account: numbers sort many times faster than pairs.
    order = np.argsort(value * (account.max(initial=0) + 1) + account)
    return dict(zip(rows, each(lambda column: np.take(column, order), rows.values()), strict=True))


def _ranks(values: Ints) -> Ints:
    """Return of each value how many distinct ones are less."""
    distinct, number = numbered(values)
    rank = np.empty(len(distinct), np.int64)
    rank[np.argsort(distinct)] = np.arange(len(distinct))
    return rank[number]


def _grouped(engine: Engine, calls: nw.LazyFrame[Any], column: str, sums: dict[str, nw.Expr]) -> dict[str, Ints]:
    """Add up each account's calls for each value of a column, which is then called ``value``."""
    rows = _columns(engine.collect(calls.group_by("account", column).agg(**sums)))
    rows["value"] = rows.pop(column)
    return rows


def _shared(
    engine: Engine, marked: nw.LazyFrame[Any], column: str, sums: dict[str, nw.Expr], population: Population
) -> dict[str, Ints]:
    """Add up strands of the values that are weighed: those of enough entities, and of these the most shared.

    A value has no more entities than calls. So those with most calls are looked at alone, if no other can have as many
    entities as the last that is weighed: large logs have many times more templates.
    """
    counted = _columns(engine.collect(marked.filter(~nw.col(column).is_null()).group_by(column).agg(calls=nw.len())))
    order = np.lexsort((counted[column], -counted["calls"]))
    value, calls = counted[column][order], counted["calls"][order]
    value = value[: np.searchsorted(-calls, -MIN_ENTITIES, side="right")]
    looked_at = FIRST_LOOK * MAX_TEMPLATES
    while True:
        some = engine.lazy(pa.table({column: value[:looked_at]}))
        rows = _grouped(engine, marked.join(some, on=column, how="semi"), column, sums)
        rows, least = _keep_shared(rows, population, phrases=column == CELL_COLUMNS[TEMPLATE])
        if looked_at >= len(value) or least > calls[looked_at]:
            return rows
        looked_at *= 2


def _wordings(engine: Engine, marked: nw.LazyFrame[Any], kind: Ints, value: Ints) -> Floats:
    out = np.zeros(len(kind))
    for which, column in CELL_COLUMNS.items():
        mine = np.flatnonzero(kind == which)
        chosen = engine.lazy(pa.table({column: value[mine], "number": np.arange(len(mine))}))
        joined = marked.select(column, "cues").join(chosen, on=column, how="inner")
        table = engine.collect(joined.group_by("number", "cues").agg(calls=nw.len()))
        out[mine] = wording_bits(*(integers(table[n]) for n in ("number", "cues", "calls")), cells=len(mine))
    return out


def _columns(table: pa.Table) -> dict[str, Ints]:
    return {name: integers(table[name]) for name in table.column_names}


def _largest(cell: Ints, values: Ints) -> Ints:
    out = np.zeros(int(cell[-1]) + 1 if len(cell) else 0, np.int64)
    np.maximum.at(out, cell, values)
    return out


def _keep_shared(rows: dict[str, Ints], population: Population, *, phrases: bool) -> tuple[dict[str, Ints], int]:
    """Keep the cells of enough entities, MAX_TEMPLATES at most; where ``phrases`` may be among them, not those.

    Also returns how many entities the last of MAX_TEMPLATES has where some had to be left out, else 0.
    """
    values, code = numbered(rows["value"])
    accounts, account = numbered(rows["account"])
    # One number for a value and an owner: numbers sort many times faster than pairs.
    owners = population.owner.max(initial=0) + 1
    pairs = np.sort(code * owners + population.owner[population.index(accounts)][account])
    new = np.ones(len(pairs), bool)
    new[1:] = pairs[1:] != pairs[:-1]
    entities = np.bincount(pairs[new] // owners, minlength=len(values))
    fit = entities >= MIN_ENTITIES
    if phrases:
        fit &= ~_turns_of_phrase(rows, code, len(values))
    least = 0
    if fit.sum() > MAX_TEMPLATES:
        ranked = np.lexsort((values, -entities))
        fit[ranked[MAX_TEMPLATES:]] = False
        least = int(entities[ranked[MAX_TEMPLATES - 1]])
    chosen = fit[code]
    return {name: column[chosen] for name, column in rows.items()}, least


def _turns_of_phrase(rows: dict[str, Ints], code: Ints, cells: int) -> npt.NDArray[np.bool_]:
    strands, calls, score = (
        np.bincount(code, weights=w, minlength=cells) for w in (np.ones(len(code)), rows["calls"], rows["score"])
    )
    words = np.zeros(cells, np.int64)
    np.maximum.at(words, code, rows["words"])
    short = words < FIRM_WORDS
    return short & (calls < MIN_CALLS_OF_SHORT * strands) & (score < MAX_PHRASE_CENTIBITS * calls)


def entity_weights(owner: Ints, cell: Ints) -> Floats:
    """Weigh strands so that each entity counts once in a cell, however many accounts it declared.

    ``owner`` is each strand's entity, numbered from zero.
    """
    pairs = cell * (owner.max(initial=0) + 1) + owner
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.ones(len(pairs))
    _, pair = numbered(pairs)
    weights: Floats = 1.0 / np.bincount(pair)[pair]
    return weights
