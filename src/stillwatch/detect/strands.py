"""Cells and their strands.

A *cell* is a set of calls that share one content observable: a recurring template (skeleton, else system text), or a
kind of use where the wording is paraphrased. A *strand* is one account's calls inside one cell: its sub-stream.
Everything after this weighs strands, so an account is judged by the sub-stream and not by its other traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.store.engine import Engine

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MIN_ENTITIES = 5
"""Fewer than five strangers who agree are a family or a small team too often to be called a campaign."""
MAX_TEMPLATES = 20_000
"""The most templates weighed in one scan, those with the most entities first: bounds memory."""


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


@dataclass(frozen=True)
class Strands:
    """One row a strand. ``cell`` numbers the cells 0.. in a deterministic order."""

    account: Ints
    cell: Ints
    calls: Ints
    score: Ints
    follow_ups: Ints
    output_tokens: Ints
    cell_kind: npt.NDArray[np.int8]
    cell_value: Ints
    cell_words: Ints

    def __len__(self) -> int:
        return len(self.account)


TEMPLATE, USE = 0, 1


def mark_calls(engine: Engine, calls: nw.LazyFrame[Any], cue_table: pa.Table) -> nw.LazyFrame[Any]:
    """Add ``score``, ``use`` and ``template`` to each call; computed once and kept."""
    template = nw.coalesce(nw.col("skeleton"), nw.col("system"))
    words = nw.when(~nw.col("skeleton").is_null()).then(nw.col("skeleton_words").cast(nw.Int64)).otherwise(nw.lit(16))
    return calls.join(engine.lazy(cue_table), on="cues", how="inner").with_columns(
        template=template, template_words=words
    )


def find_strands(engine: Engine, marked: nw.LazyFrame[Any], population: Population) -> Strands:
    """Collect the strands of every cell that at least MIN_ENTITIES entities hold."""
    sums = {
        "calls": nw.len(),
        "score": nw.col("score").sum(),
        "follow_ups": nw.when(nw.col("turns") > 0).then(1).otherwise(0).sum(),
        "output_tokens": nw.col("output_tokens").cast(nw.Int64).sum(),
    }
    templates = marked.filter(~nw.col("template").is_null()).group_by("account", "template")
    uses = marked.filter(nw.col("use") > 0).group_by("account", "use")
    by_template = _columns(engine.collect(templates.agg(template_words=nw.col("template_words").max(), **sums)))
    by_use = _columns(engine.collect(uses.agg(**sums)))
    by_template = _keep_shared(by_template, population)
    kind = np.concatenate([np.full(len(by_template["account"]), TEMPLATE), np.full(len(by_use["account"]), USE)])
    value = np.concatenate([by_template["template"], by_use["use"]])
    words = np.concatenate([by_template["template_words"], np.zeros(len(by_use["account"]), np.int64)])
    both = {name: np.concatenate([by_template[name], by_use[name]]) for name in ("account", *sums)}
    order = np.lexsort((both["account"], value, kind))
    pairs = np.stack([kind[order], value[order]], axis=1)
    new = np.ones(len(order), bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    cell = np.cumsum(new) - 1
    return Strands(
        **{name: column[order] for name, column in both.items()},
        cell=cell,
        cell_kind=pairs[new, 0].astype(np.int8),
        cell_value=pairs[new, 1],
        cell_words=_largest(cell, words[order]),
    )


def _columns(table: pa.Table) -> dict[str, Ints]:
    return {name: integers(table[name]) for name in table.column_names}


def _largest(cell: Ints, values: Ints) -> Ints:
    out = np.zeros(int(cell[-1]) + 1 if len(cell) else 0, np.int64)
    np.maximum.at(out, cell, values)
    return out


def _keep_shared(rows: dict[str, Ints], population: Population) -> dict[str, Ints]:
    entity = population.entity[population.index(rows["account"])]
    values, code = np.unique(rows["template"], return_inverse=True)
    order = np.lexsort((entity, code))
    new = np.ones(len(order), bool)
    new[1:] = (code[order][1:] != code[order][:-1]) | (entity[order][1:] != entity[order][:-1])
    entities = np.bincount(code[order][new], minlength=len(values))
    fit = entities >= MIN_ENTITIES
    if fit.sum() > MAX_TEMPLATES:
        fit[np.lexsort((values, -entities))[MAX_TEMPLATES:]] = False
    chosen = fit[code]
    return {name: column[chosen] for name, column in rows.items()}


def entity_weights(strands: Strands, population: Population, cell: Ints) -> Floats:
    """Weigh strands so that each entity counts once in a cell, however many accounts it declared."""
    entity = population.entity[population.index(strands.account)]
    order = np.lexsort((entity, cell))
    new = np.ones(len(order), bool)
    new[1:] = (cell[order][1:] != cell[order][:-1]) | (entity[order][1:] != entity[order][:-1])
    group = np.cumsum(new) - 1
    weights = np.empty(len(order))
    weights[order] = 1.0 / np.bincount(group)[group] if len(order) else 1.0
    return weights
