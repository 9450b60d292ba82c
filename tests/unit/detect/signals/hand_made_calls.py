"""Small tables written by hand, as a signal gets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from stillwatch.records import CALLS

Row = dict[str, Any]
See = Callable[..., list[tuple[int, int, int]]]
"""Runs a signal by name over rows, with its parameters; returns sorted (account, observable, calls)."""

ACCOUNT_KEYS = ("account", "created_hour", "payment_fingerprint", "email_domain", "device_fingerprint")
COMPLETED = {"completed": True, "refused_by_limit": False, "turns": 0, "cues": 0}
REFUSED = {"completed": False, "refused_by_limit": True}


def call(account: int, **values: Any) -> Row:
    """Return a completed first question in hour zero, but for the values given."""
    return {"account": account, "hour": 0, "model": 1, **COMPLETED, **values}


def calls_in(account: int, hours: Sequence[int], **values: Any) -> list[Row]:
    """Return one call in each of these hours."""
    return [call(account, hour=hour, **values) for hour in hours]


def call_table(rows: Sequence[Row]) -> pa.Table:
    """Return rows with all columns of records.CALLS; those not given are null."""
    return pa.table({c.name: pa.array([r.get(c.name) for r in rows], c.type) for c in CALLS.columns})


def account_table(rows: Sequence[Row]) -> pa.Table:
    """Return rows of the keyed accounts table."""
    return pa.table({n: pa.array([r.get(n) for r in rows], pa.int64()) for n in ACCOUNT_KEYS})
