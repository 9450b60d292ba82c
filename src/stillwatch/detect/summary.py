"""What a group's calls were like: the numbers from which both questions are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.detect.group import Group
from stillwatch.detect.strands import CELL_COLUMNS, Ints, Population
from stillwatch.detect.topics import TopicSpread, find_topic_spreads
from stillwatch.store.engine import Engine

PURE_SHARE = 0.8
"""Where at least this share of an account's calls is in the cells, the rest is the same harness with other wording."""


@dataclass(frozen=True)
class Summary:
    """One group's sub-stream in numbers. Counts are calls unless named otherwise."""

    calls: int
    completed: int
    output_tokens: int
    input_tokens: int
    cached_input_tokens: int
    follow_ups: int
    with_tools: int
    first: int
    last: int
    cues: Ints
    cue_calls: Ints
    cue_score: Ints
    cue_use: Ints
    items: int
    item_holdings: int
    item_calls: int
    accounts: Ints
    account_calls: Ints
    topics: TopicSpread
    hours: Ints
    hour_calls: Ints
    hour_accounts: Ints
    item_squares: int = 0
    """Sum of the squares of how many accounts each item had,"""
    holding_squares: int = 0
    """and of how many items each account had."""
    carried: int = 0
    """Different artefacts that at least two of its accounts sent,"""
    carried_calls: int = 0
    """and the calls that carried one of them."""


def group_calls(
    engine: Engine, marked: nw.LazyFrame[Any], groups: Sequence[Group], population: Population
) -> nw.LazyFrame[Any]:
    """Return the calls of each group's sub-stream, with a column ``group``.

    These are the calls in its cells, and for accounts that send little else (see PURE_SHARE), all that begin a
    conversation.
    """
    members = pa.table(
        {
            "account": np.concatenate([g.accounts for g in groups]),
            "group": np.concatenate([np.full(len(g.accounts), i) for i, g in enumerate(groups)]),
            "everything": np.concatenate([population.calls[population.index(g.accounts)] for g in groups]),
        }
    )
    mine = marked.join(engine.lazy(members), on="account", how="inner")
    inside = nw.lit(value=False)
    for kind, column in CELL_COLUMNS.items():
        cells = _contents(groups, kind, column, f"in_{column}")
        mine = mine.join(engine.lazy(cells), on=["group", column], how="left")
        inside |= ~nw.col(f"in_{column}").is_null()
    mine = mine.with_columns(inside=nw.when(inside).then(1).otherwise(0))
    mine = engine.keep(mine.select(*_SUMMARISED, "everything", "inside"))
    counted = mine.group_by("group", "account", "everything").agg(found=nw.col("inside").sum())
    little_else = counted.filter(nw.col("found") >= PURE_SHARE * nw.col("everything"))
    pure = little_else.select("group", "account", pure=nw.lit(1))
    known = mine.join(engine.keep(pure), on=["group", "account"], how="left")
    wanted = (nw.col("inside") == 1) | (~nw.col("pure").is_null() & (nw.col("turns") == 0))
    return engine.keep(known.filter(wanted).select(*_SUMMARISED))


def _contents(groups: Sequence[Group], kind: int, column: str, flag: str) -> pa.Table:
    pairs = [(i, value) for i, g in enumerate(groups) for k, value in g.contents if k == kind]
    number = pa.array([p[0] for p in pairs], pa.int64())
    value = pa.array([p[1] for p in pairs], pa.int64())
    return pa.table({"group": number, column: value, flag: pa.array([1] * len(pairs), pa.int64())})


def summarise(engine: Engine, calls: nw.LazyFrame[Any], groups: int) -> list[Summary]:
    """Summarise every group's sub-stream; a dozen passes over those calls, whatever the number of groups."""
    totals = _by_group(_collect(engine, calls.group_by("group").agg(**_TOTALS)), groups)
    cues = _by_group(
        _collect(
            engine,
            calls.group_by("group", "cues").agg(calls=nw.len(), score=nw.col("score").max(), use=nw.col("use").max()),
        ),
        groups,
    )
    known = calls.filter(~nw.col("item").is_null())
    held = known.group_by("group", "item", "account").agg(calls=nw.len())
    per_item = held.group_by("group", "item").agg(holders=nw.len(), calls=nw.col("calls").sum())
    items = per_item.group_by("group").agg(
        items=nw.len(),
        holdings=nw.col("holders").sum(),
        calls=nw.col("calls").sum(),
        squares=(nw.col("holders").cast(nw.Int64) * nw.col("holders").cast(nw.Int64)).sum(),
    )
    by_items = _by_group(_collect(engine, items), groups)
    owned = held.group_by("group", "account").agg(items=nw.len().cast(nw.Int64))
    holdings = owned.group_by("group").agg(squares=(nw.col("items") * nw.col("items")).sum())
    by_holdings = _by_group(_collect(engine, holdings), groups)
    accounts = _by_group(_collect(engine, calls.group_by("group", "account").agg(calls=nw.len())), groups)
    hours = calls.group_by("group", "hour", "account").agg(calls=nw.len())
    hourly = hours.group_by("group", "hour").agg(accounts=nw.len(), calls=nw.col("calls").sum())
    by_hour = _by_group(_collect(engine, hourly), groups)
    topics = find_topic_spreads(engine, calls, groups)
    carried = _by_group(_collect(engine, _carried(calls)), groups)
    return [
        replace(
            _summary(totals[i], cues[i], by_items[i], accounts[i], by_hour[i], topics[i]),
            item_squares=int(by_items[i]["squares"].sum()),
            holding_squares=int(by_holdings[i]["squares"].sum()),
            carried=int(carried[i]["artefacts"].sum()),
            carried_calls=int(carried[i]["calls"].sum()),
        )
        for i in range(groups)
    ]


_SUMMARISED = (
    *("call", "group", "account", "started_at", "hour", "completed", "turns", "tools"),
    *("input_tokens", "cached_input_tokens", "output_tokens", "cues", "score", "use", "item"),
    *("artefact", "topic_0", "topic_1", "topic_2", "topic_3"),
    *(column for column in CELL_COLUMNS.values() if column != "use"),
    *(f"in_{column}" for column in CELL_COLUMNS.values()),
)
"""The columns that a group's calls are kept with."""
_TOTALS = {
    "calls": nw.len(),
    "completed": nw.when(nw.col("completed")).then(1).otherwise(0).sum(),
    "output_tokens": nw.col("output_tokens").cast(nw.Int64).sum(),
    "input_tokens": nw.col("input_tokens").cast(nw.Int64).sum(),
    "cached_input_tokens": nw.col("cached_input_tokens").cast(nw.Int64).sum(),
    "follow_ups": nw.when(nw.col("turns") > 0).then(1).otherwise(0).sum(),
    "with_tools": nw.when(nw.col("tools") > 0).then(1).otherwise(0).sum(),
    "first": nw.col("started_at").min(),
    "last": nw.col("started_at").max(),
}


def _carried(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    known = calls.filter(~nw.col("artefact").is_null())
    held = known.group_by("group", "artefact", "account").agg(calls=nw.len())
    each = held.group_by("group", "artefact").agg(holders=nw.len(), calls=nw.col("calls").sum())
    shared = each.filter(nw.col("holders") > 1)
    return shared.group_by("group").agg(artefacts=nw.len(), calls=nw.col("calls").sum())


def _collect(engine: Engine, frame: nw.LazyFrame[Any]) -> dict[str, Ints]:
    table = engine.collect(frame)
    columns = {n: integers(table[n]) for n in table.column_names}
    order = np.lexsort(tuple(columns[n] for n in reversed(table.column_names)))
    return {n: c[order] for n, c in columns.items()}


def _by_group(columns: dict[str, Ints], groups: int) -> list[dict[str, Ints]]:
    bounds = np.searchsorted(columns["group"], np.arange(groups + 1))
    return [{n: c[bounds[i] : bounds[i + 1]] for n, c in columns.items()} for i in range(groups)]


def _summary(  # noqa: PLR0917  (one argument a collected table)
    total: dict[str, Ints],
    cues: dict[str, Ints],
    items: dict[str, Ints],
    accounts: dict[str, Ints],
    hours: dict[str, Ints],
    topics: TopicSpread,
) -> Summary:
    one = {n: int(c[0]) if len(c) else 0 for n, c in total.items() if n != "group"}
    return Summary(
        **one,
        cues=cues["cues"],
        cue_calls=cues["calls"],
        cue_score=cues["score"],
        cue_use=cues["use"],
        items=int(items["items"].sum()),
        item_holdings=int(items["holdings"].sum()),
        item_calls=int(items["calls"].sum()),
        accounts=accounts["account"],
        account_calls=accounts["calls"],
        topics=topics,
        hours=hours["hour"],
        hour_calls=hours["calls"],
        hour_accounts=hours["accounts"],
    )
