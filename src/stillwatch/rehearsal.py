"""Where logs, a scan's report and rules meet: what the rules would have done (``stillwatch policy replay``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ReportError
from stillwatch.gateway.findings import read_findings
from stillwatch.gateway.nouns import Caller
from stillwatch.gateway.prices import read_prices
from stillwatch.gateway.replay import Replay
from stillwatch.gateway.rules import read_rules
from stillwatch.ingest.accounts import read_accounts
from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.report.replay import render_replay
from stillwatch.settings import BATCH_ROWS

Json = dict[str, Any]
REPLAY = "replay.json"
ACCOUNT_ROWS = pa.schema(
    [
        ("account", pa.large_string()),
        ("campaign", pa.string()),
        ("verification", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("all_calls", pa.int64()),
        ("calls", pa.int64()),
        ("output_tokens", pa.int64()),
        ("withheld_tokens", pa.float64()),
        ("revenue", pa.float64()),
        ("forgone", pa.float64()),
        ("slower_seconds", pa.float64()),
        ("spared", pa.int64()),
    ]
)
"""Columns of ``accounts.parquet``: one row for each account that a rule touches (docs/policy.md)."""


@dataclass(frozen=True)
class Rehearsal:
    """What to replay: rules, over logs, with what a report found; prices and accounts if there are any."""

    rules: Path
    logs: Sequence[str | Path]
    report: Path
    accounts: Path | None = None
    prices: Path | None = None
    source: str | None = None


def rehearse(
    wanted: Rehearsal,
    *,
    out: Path | None = None,
    progress: Callable[[float | None, int], None] = lambda _share, _calls: None,
) -> Json:
    """Replay rules over logs; return the summary, and leave it in ``out`` as JSON, table and page.

    ``progress`` is told the share of the bytes read (None = unknown) and the calls. Holds one batch and sums by
    account. Raises SettingsError for rules and prices, SourceError for logs and accounts, ReportError for the report
    and for an ``out`` that cannot be written or holds something else.
    """
    _refuse_foreign_folder(out)
    rules = read_rules(wanted.rules)
    prices = read_prices(wanted.prices) if wanted.prices else None
    standings = read_findings(wanted.report)
    inputs = find_inputs(wanted.logs, source=wanted.source)
    with Rejects(None) as rejects:
        known = read_accounts(wanted.accounts, rejects=rejects) if wanted.accounts else None
        replay = Replay(rules, standings, {} if known is None else callers_of(known), prices)

        def tell(done: int, rows: int) -> None:
            progress(min(1.0, done / inputs.bytes) if inputs.bytes else None, rows)

        for batch in read_calls(inputs, rejects=rejects, batch_rows=BATCH_ROWS, text=False, on_progress=tell):
            replay.add(batch)
        summary = {**replay.summary(), "rules": str(wanted.rules), "rejects": rejects.summary()}
    if out is not None:
        _write(out, summary, replay)
    return summary


def callers_of(accounts: pa.Table) -> dict[str, Caller]:
    """Take an accounts table (``read_accounts``) as what a gateway knows of each account, by account."""
    return {
        row["account"]: Caller(
            row["account"],
            organization=row["organization"],
            plan=row["plan"] or "",
            verification=row["verification"] or "none",
            created_at=row["created_at"].timestamp() if row["created_at"] else None,
        )
        for batch in accounts.to_batches(max_chunksize=BATCH_ROWS)
        for row in batch.to_pylist()
    }


def _refuse_foreign_folder(out: Path | None) -> None:
    if out is None or not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and not (out / REPLAY).is_file()):
        raise ReportError(f"{out}: exists and is no earlier replay; choose another --out, or remove it yourself")


def _write(out: Path, summary: Json, replay: Replay) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / REPLAY).write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        pq.write_table(pa.Table.from_pylist(list(replay.accounts()), ACCOUNT_ROWS), out / "accounts.parquet")
        (out / "replay.html").write_text(render_replay(summary), encoding="utf-8", newline="\n")
    except OSError as problem:
        raise ReportError(f"{out}: cannot be written: {problem.strerror}; choose another --out") from problem
