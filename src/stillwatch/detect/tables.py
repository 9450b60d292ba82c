"""The tables that outsiders see: members, calls and sightings of the listed campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from stillwatch.detect.describe import campaign_id, hexadecimal
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.strands import USE, Floats, Ints
from stillwatch.records import CAMPAIGN_CALLS, MEMBERS, SIGHTINGS, TIMESTAMP
from stillwatch.store.engine import Engine

Z95 = 1.959964
"""The 97.5 % point of the standard normal distribution."""


def wilson(hits: Floats, of: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % score interval of a share (Wilson 1927)."""
    p = hits / of
    middle = (p + Z95**2 / (2 * of)) / (1 + Z95**2 / of)
    half = Z95 / (1 + Z95**2 / of) * np.sqrt(p * (1 - p) / of + Z95**2 / (4 * of**2))
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def member_table(findings: Findings, listed: Sequence[Candidate], names: Mapping[int, str]) -> pa.Table:
    """Return ``members.parquet``: every account of the log, with its campaign or null, in order of name."""
    people = findings.population
    campaign = np.full(len(people.account), -1, np.int64)
    weight = np.full(len(people.account), np.nan)
    inside = np.zeros(len(people.account), np.int64)
    for number, candidate in enumerate(listed):
        at = people.index(candidate.group.accounts)
        campaign[at] = number
        weight[at] = np.round(candidate.group.match_weight, 3)
        inside[people.index(candidate.summary.accounts)] = candidate.summary.account_calls
    low, high = wilson(inside.astype(float), people.calls.astype(float))
    ids = pa.array([campaign_id(c) for c in listed] or [""], pa.string())
    table = pa.table(
        {
            "account": pa.array([names.get(int(a), hexadecimal(a)) for a in people.account], pa.large_string()),
            "campaign": ids.take(pa.array(campaign, mask=campaign < 0)),
            "match_weight": pa.array(weight, mask=np.isnan(weight)),
            "calls": people.calls,
            "first_call_at": pa.array(people.first, pa.int64()).cast(TIMESTAMP),
            "last_call_at": pa.array(people.last, pa.int64()).cast(TIMESTAMP),
            "campaign_calls": inside,
            "share": np.round(inside / people.calls, 6),
            "share_low": np.round(low, 6),
            "share_high": np.round(high, 6),
        }
    )
    return table.cast(MEMBERS.schema).sort_by("account")


def sighting_table(
    findings: Findings,
    listed: Sequence[Candidate],
    names: Mapping[int, str],
) -> pa.Table:
    """Return ``sightings.parquet``: every edge of the listed campaigns' sub-streams, content edges included."""
    strands = findings.strands
    used = np.zeros(len(strands), bool)
    for candidate in listed:
        for cell in candidate.group.cells:
            used[cell.strands] = True
    pieces = [_content_edges(findings, used)]
    for one in findings.observed:
        mine = used[one.strands.unit]
        account = strands.account[one.strands.unit[mine]]
        pieces.append(
            _edges(
                account, one.signal.name, str(one.signal.family), one.strands.observable[mine], one.strands.calls[mine]
            )
        )
    return _finish(pa.concat_tables(pieces), findings, names)


def call_table(engine: Engine, findings: Findings, listed: Sequence[Candidate]) -> pa.Table:
    """Return ``campaign_calls.parquet``: every call of each listed campaign's sub-stream, by campaign and key."""
    names = {
        number: campaign_id(c)
        for c, number in zip(findings.candidates, findings.order, strict=True)
        if any(c is other for other in listed)
    }
    if findings.calls is None or not names:
        return CAMPAIGN_CALLS.schema.empty_table()
    named = engine.lazy(pa.table({"group": pa.array(list(names), pa.int64()), "campaign": list(names.values())}))
    mine = findings.calls.select("call", "group", "completed").join(named, on="group", how="inner")
    table = engine.collect(mine.select(*CAMPAIGN_CALLS.schema.names)).cast(CAMPAIGN_CALLS.schema)
    return table.sort_by([("campaign", "ascending"), ("call", "ascending")])


def _finish(table: pa.Table, findings: Findings, names: Mapping[int, str]) -> pa.Table:
    merged = table.group_by(["account", "signal", "family", "observable"]).aggregate([("calls", "max")])
    merged = merged.rename_columns([*merged.column_names[:4], "calls"])
    people = findings.population
    at = people.index(merged["account"].to_numpy())
    for name, when in (("first_call_at", people.first), ("last_call_at", people.last)):
        merged = merged.append_column(name, pa.array(when[at], pa.int64()).cast(TIMESTAMP))
    known, place = np.unique(merged["account"].to_numpy(), return_inverse=True)
    texts = pa.array([names.get(int(a), hexadecimal(a)) for a in known], pa.large_string())
    merged = merged.set_column(0, "account", texts.take(pa.array(place)))
    order = [(n, "ascending") for n in ("account", "signal", "observable")]
    return merged.select(SIGHTINGS.schema.names).cast(SIGHTINGS.schema).sort_by(order)


def _content_edges(findings: Findings, used: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Table:
    strands = findings.strands
    kind, value = strands.cell_kind[strands.cell[used]], strands.cell_value[strands.cell[used]]
    names = np.where(kind != USE, "shared_template", "shared_use")
    return pa.table(
        {
            "account": strands.account[used],
            "signal": pa.array(names.tolist(), pa.string()),
            "family": pa.array(["content"] * int(used.sum()), pa.string()),
            "observable": value,
            "calls": strands.calls[used],
        }
    )


def _edges(account: Ints, signal: str, family: str, observable: Ints, calls: Ints) -> pa.Table:
    rows = len(account)
    return pa.table(
        {
            "account": account,
            "signal": pa.array([signal] * rows, pa.string()),
            "family": pa.array([family] * rows, pa.string()),
            "observable": observable,
            "calls": calls,
        }
    )
