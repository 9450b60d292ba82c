"""The members of a campaign: the table's first rows, and how much else they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.report import words

MAX_MEMBERS = 50
MOSTLY_OTHERS = 0.5
"""Below this share of campaign calls, most of what suspending an account would stop is something else."""


@dataclass(frozen=True)
class Member:
    """One row, in words; ``share`` also as a number for its bar."""

    account: str
    match_weight: str
    campaign_calls: str
    calls: str
    share: float
    share_says: str
    first: str
    last: str


@dataclass(frozen=True)
class Members:
    """The first rows of a campaign's members, how many there are, and how many do mostly something else."""

    rows: list[Member]
    total: int
    mostly_others: int


def members(table: pa.Table, campaign: str) -> Members:
    """Take a campaign's members out of ``members.parquet``, the surest first."""
    mine = table.filter(pc.equal(table["campaign"], campaign))
    order = [("match_weight", "descending"), ("campaign_calls", "descending"), ("account", "ascending")]
    others = pc.sum(pc.less(mine["share"], MOSTLY_OTHERS)).as_py() or 0
    rows = mine.sort_by(order).slice(0, MAX_MEMBERS).to_pylist()
    return Members([_member(r) for r in rows], mine.num_rows, others)


def _member(row: dict[str, object]) -> Member:
    weight, share = _number(row["match_weight"]), _number(row["share"])
    low, high = _number(row["share_low"]), _number(row["share_high"])
    return Member(
        words.name(row["account"]),
        "unknown" if row["match_weight"] is None else words.bits(weight),
        words.count(_number(row["campaign_calls"])),
        words.count(_number(row["calls"])),
        share,
        f"{words.percent(share)} ({words.between(low, high)})",
        _minute(row["first_call_at"]),
        _minute(row["last_call_at"]),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _minute(value: object) -> str:
    return words.minute(value) if isinstance(value, datetime) else "unknown"
