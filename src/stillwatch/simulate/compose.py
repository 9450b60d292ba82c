"""Compose a scenario into a folder: the call log, the accounts, and the truth about both."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import ScenarioError
from stillwatch.records import ACCOUNTS, CALL_LOG
from stillwatch.simulate.calls import call_columns, call_names, to_batch
from stillwatch.simulate.crews import Crew, make_crews, varied
from stillwatch.simulate.draws import F64, hexadecimal
from stillwatch.simulate.party import account_names, account_table
from stillwatch.simulate.pools import Pools
from stillwatch.simulate.rhythm import HOUR
from stillwatch.simulate.scenario import Scenario, read_scenario, with_ladder
from stillwatch.simulate.schedule import Plan, Rows, schedule

ROWS_AT_A_TIME = 65_536
"""Calls written at once: enough to make whole-column work cheap, about 100 MB of text at most."""

TRUTH = pa.schema(
    [
        pa.field("account", pa.large_string(), nullable=False),
        pa.field("campaign", pa.large_string()),
        pa.field("label", pa.large_string(), nullable=False),
        pa.field("calls", pa.int64(), nullable=False),
        pa.field("campaign_calls", pa.int64(), nullable=False),
        pa.field("campaign_exchanges", pa.int64(), nullable=False),
    ]
)
"""Truth about accounts: ``campaign_calls`` were sent for the campaign, ``campaign_exchanges`` of them were answered."""

TRUTH_CALLS = pa.schema([pa.field("call_id", pa.large_string()), pa.field("campaign", pa.large_string())])


@dataclass
class Summary:
    """What was written."""

    scenario: str
    out: str
    seed: int
    scale: float
    ladder: int | None
    calls: int = 0
    accounts: int = 0
    campaigns: dict[str, dict[str, int]] = field(default_factory=dict)
    labels: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


def compose(
    scenario: Scenario | str | Path,
    *,
    out: Path,
    pools: Pools | None = None,
    scale: float = 1.0,
    seed: int = 1,
    ladder: int | None = None,
    trace: F64 | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Write ``calls``, ``accounts``, ``truth`` and ``truth_calls`` (``.parquet``) into the folder ``out``.

    The same scenario, pools, scale, seed and ladder give the same bytes. Memory grows with accounts, not with calls.
    ``progress`` is called with calls written and calls in all. Everything is written beside ``out`` and moved there at
    the end, so an interruption leaves nothing. Raises ScenarioError for what cannot be composed.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    if not 0 < scale <= 100:
        raise ScenarioError(f"scale {scale}: give a number above 0, at most 100")
    scenario = varied(with_ladder(scenario, ladder), seed)
    crews = make_crews(scenario, pools or Pools(seed=1), scale=scale, seed=seed, trace=trace)
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ScenarioError(f"{out}: is a file; give a folder for the output")
    part = out.with_name(out.name + ".partial")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        summary = Summary(scenario.name, str(out), seed, scale, ladder)
        truth = _Truth.of(crews)
        _write_calls(part, scenario, crews, truth, seed=seed, progress=progress)
        _write_accounts(part, scenario, crews, truth, summary)
        _replace_folder(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return summary


def stream(crews: list[Crew], *, start: int, hours: int) -> Iterator[list[tuple[int, Rows]]]:
    """Yield the calls of all crews in order of time, about ROWS_AT_A_TIME at once, as rows by number of crew."""
    plans = [_numbered(i, crew, start, hours) for i, crew in enumerate(crews)]
    held: list[tuple[int, Rows]] = []
    count = 0
    for hour, number, rows in heapq.merge(*plans, key=lambda p: (p[0], p[1])):
        if count >= ROWS_AT_A_TIME:
            ready, held = _split(held, start + hour * HOUR)
            count = _count_rows(held)
            yield from _pieces(ready)
        held.append((number, rows))
        count += len(rows.at)
    yield from _pieces(held)


def _numbered(number: int, crew: Crew, start: int, hours: int) -> Iterator[tuple[int, int, Rows]]:
    plan = Plan(
        calls=crew.calls,
        sessions=crew.sessions,
        rhythm=crew.rhythm,
        hours=hours,
        start=start,
        seed=crew.seed,
        gap_seconds=crew.block.gap_seconds,
    )
    for hour, rows in schedule(plan):
        yield hour, number, rows


def _count_rows(held: list[tuple[int, Rows]]) -> int:
    return sum(len(rows.at) for _, rows in held)


def _pieces(ready: list[tuple[int, Rows]]) -> Iterator[list[tuple[int, Rows]]]:
    """Cut what is ready at moments that leave at most ROWS_AT_A_TIME calls in a piece (a busy hour has many more)."""
    if ready:
        times = np.sort(np.concatenate([rows.at for _, rows in ready]))
        for cut in times[ROWS_AT_A_TIME::ROWS_AT_A_TIME]:
            piece, ready = _split(ready, int(cut))
            if piece:
                yield piece
        yield ready


def _split(held: list[tuple[int, Rows]], before: int) -> tuple[list[tuple[int, Rows]], list[tuple[int, Rows]]]:
    """Part the rows that start before a moment from those that must wait (later turns of conversations)."""
    ready, waiting = [], []
    for number, rows in held:
        early = rows.at < before
        if early.any():
            ready.append((number, rows.take(np.flatnonzero(early))))
        if not early.all():
            waiting.append((number, rows.take(np.flatnonzero(~early))))
    return ready, waiting


@dataclass
class _Truth:
    calls: np.ndarray
    campaign_calls: np.ndarray
    exchanges: np.ndarray

    @staticmethod
    def of(crews: list[Crew]) -> _Truth:
        size = max(c.party.offset + len(c.party) for c in crews)
        return _Truth(*(np.zeros(size, np.int64) for _ in range(3)))


def _write_calls(
    folder: Path,
    scenario: Scenario,
    crews: list[Crew],
    truth: _Truth,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    total = sum(int(c.calls.sum()) for c in crews)
    start = round(scenario.start.timestamp()) * 1_000_000
    written = 0
    with ExitStack() as files:
        log = files.enter_context(_writer(folder / "calls.parquet", CALL_LOG.schema))
        labels = (
            files.enter_context(_writer(folder / "truth_calls.parquet", TRUTH_CALLS)) if scenario.call_truth else None
        )
        for rows in stream(crews, start=start, hours=scenario.days * 24):
            table, campaigns = _table(crews, rows, truth, first=written, seed=seed)
            log.write_table(table)
            written += table.num_rows
            if labels:
                labels.write_table(_call_truth(table, campaigns))
            if progress:
                progress(written, total)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Level 1: higher levels save little on generated text and cost more than composing it.
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1)


def _table(
    crews: list[Crew], rows: list[tuple[int, Rows]], truth: _Truth, *, first: int, seed: int
) -> tuple[pa.Table, pa.Array]:
    by_crew: dict[int, list[Rows]] = {}
    for number, part in rows:
        by_crew.setdefault(number, []).append(part)
    tables, campaigns, times = [], [], []
    for number, parts in sorted(by_crew.items()):
        joined, crew = Rows.join(parts), crews[number]
        columns = call_columns(crew, joined)
        tables.append(to_batch(columns, len(joined.at)))
        campaigns.append(pa.repeat(pa.scalar(crew.campaign or None, pa.large_string()), len(joined.at)))
        times.append(joined.at)
        _count(truth, crew, joined, np.asarray(columns["status"]))
    order = pa.array(np.argsort(np.concatenate(times), kind="stable"))
    table = pa.concat_tables(tables).combine_chunks().take(order)
    ids = hexadecimal(call_names(first, table.num_rows, seed), "call_")
    table = table.add_column(0, CALL_LOG.schema.field("call_id"), ids).cast(CALL_LOG.schema)
    return table, pa.concat_arrays(campaigns).take(order)


def _count(truth: _Truth, crew: Crew, rows: Rows, status: np.ndarray) -> None:
    account = rows.who + crew.party.offset
    np.add.at(truth.calls, account, 1)
    if crew.campaign:
        np.add.at(truth.campaign_calls, account, 1)
        np.add.at(truth.exchanges, account[status == 200], 1)


def _call_truth(table: pa.Table, campaigns: pa.Array) -> pa.Table:
    mask = pc.is_valid(campaigns)
    columns = [table["call_id"].combine_chunks().filter(mask), campaigns.filter(mask)]
    return pa.Table.from_arrays(columns, schema=TRUTH_CALLS)


def _write_accounts(folder: Path, scenario: Scenario, crews: list[Crew], truth: _Truth, summary: Summary) -> None:
    start = round(scenario.start.timestamp()) * 1_000_000
    parties = {c.party.offset: c.party for c in reversed(crews)}
    with (
        _writer(folder / "accounts.parquet", ACCOUNTS.schema) as accounts,
        _writer(folder / "truth.parquet", TRUTH) as labels,
    ):
        for offset, party in sorted(parties.items()):
            accounts.write_table(account_table(party, start=start))
            span = slice(offset, offset + len(party))
            counts = [truth.calls[span], truth.campaign_calls[span], truth.exchanges[span]]
            n, campaign = len(party), party.block.campaign or None
            named = [pa.repeat(pa.scalar(v, pa.large_string()), n) for v in (campaign, party.block.name)]
            labels.write_table(
                pa.Table.from_arrays([account_names(party.person), *named, *map(pa.array, counts)], schema=TRUTH)
            )
            _add_up(summary, party.block.name, party.block.campaign, counts)


def _add_up(summary: Summary, label: str, campaign: str, counts: list[np.ndarray]) -> None:
    calls, campaign_calls, exchanges = (int(c.sum()) for c in counts)
    summary.calls += calls
    summary.accounts += len(counts[0])
    mine = summary.labels.setdefault(label, {"accounts": 0, "calls": 0})
    mine["accounts"] += len(counts[0])
    mine["calls"] += calls
    if campaign:
        found = summary.campaigns.setdefault(campaign, {"accounts": 0, "calls": 0, "exchanges": 0})
        found["accounts"] += len(counts[0])
        found["calls"] += campaign_calls
        found["exchanges"] += exchanges


def _replace_folder(made: Path, out: Path) -> None:
    """Put the finished files in place, leaving other files of the folder alone."""
    out.mkdir(parents=True, exist_ok=True)
    for file in sorted(made.iterdir()):
        file.replace(out / file.name)
