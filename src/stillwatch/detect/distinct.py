"""Repeated call ids are one call."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.store.engine import Engine


def distinct_calls(engine: Engine, calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep one row for each call id; which one does not depend on the order of rows."""
    # Sorting numbers is far less work than counting as many groups as there are calls.
    known = np.sort(engine.collect(calls.select("call"))["call"].to_numpy())
    twice = np.unique(known[1:][known[1:] == known[:-1]])
    if not len(twice):
        return calls
    repeated = engine.lazy(pa.table({"call": twice}))
    others = calls.join(repeated, on="call", how="anti")
    again = engine.collect(calls.join(repeated, on="call", how="semi"))
    keys = [("call", "ascending"), ("started_at", "ascending")]
    keys += [(n, "ascending") for n in again.column_names if n not in {"call", "started_at"}]
    ordered = again.sort_by(keys)
    first = np.concatenate([[True], np.diff(ordered["call"].to_numpy()) != 0])
    return nw.concat([others, engine.lazy(ordered.filter(pa.array(first)))], how="vertical")
