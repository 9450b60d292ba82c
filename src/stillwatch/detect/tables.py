"""The tables that outsiders see: members, calls and sightings of the listed campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.detect.columns import numbered
from stillwatch.detect.describe import campaign_id, hexadecimal
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import USE, Floats, Ints
from stillwatch.detect.threads import each
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


def sighting_table(findings: Findings, listed: Sequence[Candidate], names: Mapping[int, str]) -> pa.Table:
    """Return ``sightings.parquet``: every edge of the listed campaigns' sub-streams, content edges included."""
    strands = findings.strands
    used = np.zeros(len(strands), bool)
    for candidate in listed:
        for cell in candidate.group.cells:
            used[cell.strands] = True
    home = findings.population.index(strands.account)

    def edges(one: Observed) -> _Edges:
        mine = one.strands.where(used[one.strands.unit])
        return _Edges.of(one.signal.name, str(one.signal.family), home[mine.unit], mine.observable, mine.calls)

    pieces = [*_content_edges(findings, used), *each(edges, findings.observed)]
    return _finish(pieces, findings, names)


def call_table(engine: Engine, findings: Findings, listed: Sequence[Candidate]) -> pa.Table:
    """Return ``campaign_calls.parquet``: every call of each listed campaign's sub-stream, by campaign and key."""
    names = {
        number: campaign_id(c)
        for c, number in zip(findings.candidates, findings.order, strict=True)
        if any(c is other for other in listed)
    }
    if findings.calls is None or not names:
        return CAMPAIGN_CALLS.schema.empty_table()
    ids = sorted(set(names.values()))
    place = pa.array([ids.index(name) for name in names.values()], pa.int32())
    chosen = engine.lazy(pa.table({"group": pa.array(list(names), pa.int64()), "place": place}))
    mine = findings.calls.select("call", "group", "completed").join(chosen, on="group", how="inner")
    table = engine.collect(mine.select("place", "call", "completed"))
    order = _by_campaign(table["place"].to_numpy(), table["call"].to_numpy())
    columns = {"campaign": pa.array(ids).take(table["place"]), "call": table["call"], "completed": table["completed"]}
    return pa.table(columns).take(pa.array(order)).cast(CAMPAIGN_CALLS.schema)


def _by_campaign(place: npt.NDArray[np.int32], call: Ints) -> Ints:
    by_call = np.argsort(call)
    order: Ints = by_call[np.argsort(place[by_call], kind="stable")]
    return order


@dataclass(frozen=True)
class _Edges:
    """Who was seen with what by one signal: accounts by position in the population, each pair once."""

    signal: str
    family: str
    account: Ints
    observable: Ints
    calls: Ints

    @classmethod
    def of(cls, signal: str, family: str, account: Ints, observable: Ints, calls: Ints) -> _Edges:
        """Join edges of strands, of which an account may have several: the most calls of a pair stay."""
        values, value = numbered(observable)
        pairs, pair = numbered(account * np.int64(max(1, len(values))) + value)
        most = np.zeros(len(pairs), np.int64)
        np.maximum.at(most, pair, calls)
        return cls(signal, family, pairs // max(1, len(values)), values[pairs % max(1, len(values))], most)


def _content_edges(findings: Findings, used: npt.NDArray[np.bool_]) -> Iterator[_Edges]:
    strands = findings.strands
    kind, value = strands.cell_kind[strands.cell], strands.cell_value[strands.cell]
    for name, chosen in (("shared_template", used & (kind != USE)), ("shared_use", used & (kind == USE))):
        account = findings.population.index(strands.account[chosen])
        yield _Edges.of(name, "content", account, value[chosen], strands.calls[chosen])


def _finish(pieces: Sequence[_Edges], findings: Findings, names: Mapping[int, str]) -> pa.Table:
    """Put the signals' edges together, by account name, signal and observable."""
    people, pieces = findings.population, sorted(pieces, key=lambda p: p.signal)
    signal = np.repeat(np.arange(len(pieces)), [len(p.account) for p in pieces])
    account, observable, calls = (
        np.concatenate([getattr(p, n) for p in pieces]) for n in ("account", "observable", "calls")
    )
    known = np.flatnonzero(np.bincount(account, minlength=len(people.account)))
    texts = pa.array([names.get(int(a), hexadecimal(a)) for a in people.account[known]], pa.large_string())
    by_name = pc.sort_indices(texts)
    place = np.zeros(len(people.account), np.int64)
    place[known[by_name.to_numpy()]] = np.arange(len(known))
    order = np.lexsort((observable, place[account] * len(pieces) + signal))
    account, seen = account[order], pa.array(signal[order])
    return pa.table(
        {
            "account": texts.take(by_name).take(pa.array(place[account])),
            "signal": pa.array([p.signal for p in pieces], pa.string()).take(seen),
            "family": pa.array([p.family for p in pieces], pa.string()).take(seen),
            "observable": observable[order],
            "calls": calls[order],
            "first_call_at": pa.array(people.first[account]).cast(TIMESTAMP),
            "last_call_at": pa.array(people.last[account]).cast(TIMESTAMP),
        }
    ).cast(SIGHTINGS.schema)
