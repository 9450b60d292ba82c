"""What each content of a campaign was like: its calls, accounts, cues and hours, and none of the others'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.strands import CELL_COLUMNS, Ints
from stillwatch.detect.uses import cue_names
from stillwatch.store.engine import Engine

COMMON_CUE = 0.2
"""A cue is a sub-stream's where at least this share of its calls has it."""


@dataclass(frozen=True)
class Substream:
    """The calls of a campaign's members with one content. A call with a template and a system text is in two."""

    kind: int
    value: int
    words: int
    calls: int
    accounts: int
    cues: list[str]
    """Those of at least COMMON_CUE of its calls, the commonest first."""
    hours: list[int]
    """Calls by hour of the day, UTC."""


def group_numbers(findings: Findings, listed: Sequence[Candidate]) -> list[int]:
    """Return the number of each candidate in the column ``group`` of ``findings.calls``."""
    return [findings.order[next(i for i, c in enumerate(findings.candidates) if c is one)] for one in listed]


def find_substreams(engine: Engine, findings: Findings, listed: Sequence[Candidate]) -> list[list[Substream]]:
    """Describe the contents of each listed candidate, those with most calls first."""
    numbers = group_numbers(findings, listed)
    found: list[list[Substream]] = [[] for _ in listed]
    if findings.calls is None or not listed:
        return found
    chosen = engine.lazy(pa.table({"group": pa.array(numbers, pa.int64())}))
    calls = findings.calls.join(chosen, on="group", how="semi").with_columns(
        hour_of_day=nw.col("hour").cast(nw.Int64) % 24
    )
    for kind, column in CELL_COLUMNS.items():
        inside = calls.filter(~nw.col(f"in_{column}").is_null())
        tables = [_counts(engine, inside, column, by) for by in ("account", "cues", "hour_of_day")]
        for place, (number, one) in enumerate(zip(numbers, listed, strict=True)):
            for value in (v for k, v in one.group.contents if k == kind):
                rows = [_rows(t, number, value) for t in tables]
                words = int(findings.strands.cell_words[findings.strands.cell_number(kind, value)])
                found[place].append(Substream(kind, value, words, *_described(*rows)))
    return [sorted((s for s in mine if s.calls), key=lambda s: (-s.calls, s.kind, s.value)) for mine in found]


def _counts(engine: Engine, inside: nw.LazyFrame[Any], column: str, by: str) -> dict[str, Ints]:
    table = engine.collect(inside.group_by("group", column, by).agg(calls=nw.len()))
    columns = {
        n: integers(table[c]) for n, c in zip(("group", "value", "by", "calls"), table.column_names, strict=True)
    }
    order = np.lexsort((columns["by"], columns["value"], columns["group"]))
    return {n: c[order] for n, c in columns.items()}


def _rows(counts: dict[str, Ints], group: int, value: int) -> tuple[Ints, Ints]:
    start, stop = np.searchsorted(counts["group"], [group, group + 1])
    first, last = start + np.searchsorted(counts["value"][start:stop], [value, value + 1])
    return counts["by"][first:last], counts["calls"][first:last]


def _described(
    accounts: tuple[Ints, Ints], cues: tuple[Ints, Ints], hours: tuple[Ints, Ints]
) -> tuple[int, int, list[str], list[int]]:
    calls = int(accounts[1].sum())
    seen: dict[str, int] = {}
    for bits, count in zip(*cues, strict=True):
        for name in cue_names(int(bits)):
            seen[name] = seen.get(name, 0) + int(count)
    common = [n for n, c in sorted(seen.items(), key=lambda s: (-s[1], s[0])) if c >= COMMON_CUE * calls]
    by_hour = np.bincount(hours[0], weights=hours[1], minlength=24)
    return calls, len(accounts[0]), common, [int(n) for n in by_hour]
