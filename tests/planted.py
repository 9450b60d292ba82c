"""Fingerprints written by hand: one planted campaign in a crowd, as ``find_candidates`` reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.records import CALLS, TIMESTAMP, Cue

START_HOUR = 490_000
MICROSECONDS_PER_HOUR = 3_600_000_000
HARVEST = int(Cue.REASONING | Cue.EXTERNALISED | Cue.TAG_CONTAINER)
TEMPLATE = 77
"""The skeleton that the planted campaign's calls share."""
ACCOUNT_STEP = 1 << 40
"""Account keys are as far apart as hashes are."""
FIRST_MEMBER = 1_000

_ROW = {
    "model": 1,
    "completed": True,
    "refused_by_limit": False,
    "characters": 200,
    "words": 40,
    "turns": 0,
    "language": 1,
    "cues": 0,
    "system_words": 0,
    "skeleton_words": 0,
    "input_tokens": 50,
    "output_tokens": 400,
}


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as records.CALLS; what a row does not say is ordinary or unknown."""
    whole = [_ROW | row for row in rows]
    for number, row in enumerate(whole):
        row.setdefault("call", number)
        row.setdefault("hour", START_HOUR)
        row.setdefault("started_at", row["hour"] * MICROSECONDS_PER_HOUR)
    columns = {}
    for column in CALLS.columns:
        kind = pa.int64() if column.type == TIMESTAMP else column.type
        columns[column.name] = pa.array([row.get(column.name) for row in whole], kind).cast(column.type)
    return pa.table(columns)


def crowd(size: int = 120, *, calls: int = 6, seed: int = 1) -> list[dict[str, Any]]:
    """Return calls of people with addresses, clients and questions of their own."""
    draw = np.random.default_rng(seed)
    return [
        {
            "account": (1 + person) * ACCOUNT_STEP,
            "address": 10_000 + person,
            "prefix": 20_000 + person,
            "user_agent": int(draw.integers(5)),
            "parameters": int(draw.integers(8)),
            "hour": START_HOUR + int(draw.integers(24 * 14)),
            "turns": int(draw.integers(3)),
            "item": 1_000_000 + person * calls + number,
            "topic_0": int(draw.integers(50)),
        }
        for person in range(size)
        for number in range(calls)
    ]


def campaign(members: int = 12, *, calls: int = 40, seed: int = 2, **others: Any) -> list[dict[str, Any]]:
    """Return calls of accounts with one address, one client and one template, each with items of its own."""
    draw = np.random.default_rng(seed)
    return [
        {
            "account": (FIRST_MEMBER + member) * ACCOUNT_STEP,
            "address": 5,
            "prefix": 6,
            "user_agent": 99,
            "parameters": 98,
            "hour": START_HOUR + 48 + int(draw.integers(24 * 3)),
            "item": 2_000_000 + member * calls + number,
            "topic_0": int(draw.integers(50)),
            "cues": HARVEST,
            "skeleton": TEMPLATE,
            "skeleton_words": 24,
            "output_tokens": 900,
            **others,
        }
        for member in range(members)
        for number in range(calls)
    ]


def member_keys(members: int = 12) -> list[int]:
    """Return the account keys of a campaign."""
    return [(FIRST_MEMBER + member) * ACCOUNT_STEP for member in range(members)]
