"""What callers would send if nobody stopped them: a folder that ``stillwatch simulate`` composed, as calls in order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.ingest.accounts import read_accounts
from stillwatch.rehearsal import callers_of

MICROSECONDS = 1e6
ACTIVE = 200
"""HTTP status of a call that its host answered; the others of a composed log failed for reasons of their own."""


class Call(NamedTuple):
    """One call that somebody wants to make. Times are seconds; ``row`` is its place in the composed log."""

    row: int
    at: float
    account: str
    ask: Ask
    input_tokens: float
    output_tokens: float
    seconds: float
    harvest: bool
    """Whether it is one of the campaign's exchanges: sent for it, and one that its host would answer."""


@dataclass(frozen=True)
class Offered:
    """All calls in order of time, who makes them, and the log and accounts table they came from."""

    calls: list[Call]
    callers: dict[str, Caller]
    log: pa.Table
    accounts: Path

    @property
    def harvest(self) -> int:
        """Count the exchanges that the campaign wants."""
        return sum(call.harvest for call in self.calls)


def read_offered(folder: Path) -> Offered:
    """Read a composed folder. Its truth is used to count what the campaign got, and never to decide anything."""
    log = pq.read_table(folder / "calls.parquet")
    campaign = pq.read_table(folder / "truth_calls.parquet")["call_id"]
    answered = pc.equal(log["status"], ACTIVE)
    harvest = pc.and_(pc.is_in(log["call_id"], value_set=campaign.combine_chunks()), answered).to_pylist()
    columns = {name: log[name].to_pylist() for name in _COLUMNS}
    times = np.asarray(log["started_at"].cast(pa.int64())) / MICROSECONDS
    calls = [
        Call(
            row,
            float(times[row]),
            columns["account"][row],
            _ask({name: values[row] for name, values in columns.items()}),
            float(columns["input_tokens"][row] or 0),
            float(columns["output_tokens"][row] or 0),
            (columns["duration_ms"][row] or 0) / 1e3,
            bool(harvest[row]),
        )
        for row in range(log.num_rows)
    ]
    calls.sort(key=lambda call: (call.at, call.row))
    return Offered(calls, callers_of(read_accounts(folder / "accounts.parquet")), log, folder / "accounts.parquet")


_COLUMNS = (
    "account", "model", "operation", "stream", "max_output_tokens", "n", "logprobs", "tools",
    "input_tokens", "output_tokens", "reasoning_tokens", "duration_ms",
)  # fmt: skip


def _ask(row: dict[str, object]) -> Ask:
    def whole(name: str) -> int:
        value = row[name]
        return value if isinstance(value, int) else 0

    ceiling = row["max_output_tokens"]
    return Ask(
        model=str(row["model"]),
        operation=str(row["operation"] or "chat"),
        stream=bool(row["stream"]),
        max_output_tokens=ceiling if isinstance(ceiling, int) else None,
        n=whole("n") or 1,
        logprobs=bool(row["logprobs"]),
        reasoning=bool(row["reasoning_tokens"]),
        tools=whole("tools"),
    )
