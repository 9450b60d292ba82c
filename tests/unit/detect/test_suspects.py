"""Whose bare questions are looked at: accounts that share a payer or device with four strangers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from planted import campaign, crowd, member_keys, table_of
from stillwatch.detect.find import find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.detect.strands import mark_calls
from stillwatch.detect.suspects import find_suspects, mark_bare
from stillwatch.detect.uses import Use, score_cues
from stillwatch.store.engine import Engine

ACCOUNTS = np.arange(1, 13) * 10


def papers(*, payment: list[int | None], device: list[int | None] | None = None) -> pa.Table:
    return pa.table(
        {
            "account": ACCOUNTS,
            "payment_fingerprint": pa.array(payment, pa.int64()),
            "device_fingerprint": pa.array(device or [None] * len(ACCOUNTS), pa.int64()),
        }
    )


@pytest.mark.parametrize(("holders", "found"), [(4, 0), (5, 5), (12, 12)])
def test_five_strangers_with_one_card_are_suspects(holders: int, found: int) -> None:
    cards = [7] * holders + list(range(100, 112 - holders))
    assert len(find_suspects(papers(payment=cards), ACCOUNTS, ACCOUNTS)) == found


def test_a_device_counts_as_a_card_does() -> None:
    known = papers(payment=[None] * 12, device=[1] * 6 + [None] * 6)
    assert find_suspects(known, ACCOUNTS, ACCOUNTS).tolist() == ACCOUNTS[:6].tolist()


def test_accounts_of_one_declared_owner_are_no_strangers() -> None:
    owner = np.where(ACCOUNTS <= 90, 1, ACCOUNTS)
    assert len(find_suspects(papers(payment=[7] * 12), ACCOUNTS, owner)) == 0


def test_without_papers_nobody_is_a_suspect() -> None:
    assert len(find_suspects(None, ACCOUNTS, ACCOUNTS)) == 0
    assert len(find_suspects(papers(payment=[None] * 12), ACCOUNTS, ACCOUNTS)) == 0
    assert len(find_suspects(papers(payment=[7] * 12), ACCOUNTS[:0], ACCOUNTS[:0])) == 0


def test_accounts_that_never_called_count_for_nobody() -> None:
    assert len(find_suspects(papers(payment=[7] * 12), ACCOUNTS[:4], ACCOUNTS[:4])) == 0


@pytest.mark.parametrize(
    ("row", "marked"),
    [
        ({}, True),
        ({"account": 20}, False),
        ({"turns": 1}, False),
        ({"skeleton": 5, "skeleton_words": 30}, False),
        ({"system": 5, "system_words": 30}, False),
        ({"system": 5, "system_words": 3}, True),
    ],
)
def test_only_first_questions_without_wording_are_bare(tmp_path: Path, row: dict[str, int], *, marked: bool) -> None:
    with Engine(tmp_path) as engine:
        table = engine.lazy(table_of([{"account": 10, "item": 1} | row]))
        calls = mark_calls(engine, table, score_cues(np.array([0])).to_arrow())
        found = engine.collect(mark_bare(engine, calls, np.array([10])))
    assert found["use"].to_pylist() == [int(Use.BARE) if marked else int(Use.NONE)]
    assert "suspect" not in found.column_names


def test_bare_questions_of_accounts_with_one_card_and_one_network_are_a_candidate(tmp_path: Path) -> None:
    rows = crowd(300) + campaign(12, calls=100, cues=0, skeleton=None, skeleton_words=0)
    members = member_keys(12)
    people = sorted({r["account"] for r in rows})
    known = pa.table(
        {
            "account": people,
            "organization": pa.nulls(len(people), pa.int64()),
            "created_hour": pa.nulls(len(people), pa.int64()),
            "payment_fingerprint": pa.array([1 if a in members else a for a in people], pa.int64()),
            "email_domain": pa.nulls(len(people), pa.int64()),
            "device_fingerprint": pa.nulls(len(people), pa.int64()),
        }
    )
    with Engine(tmp_path) as engine:
        calls = engine.lazy(table_of(rows))
        without = find_candidates(engine, calls, accounts=None, signals=find_signals())
        found = find_candidates(engine, calls, accounts=known, signals=find_signals())
    assert not without.candidates
    (one,) = found.candidates
    assert one.group.accounts.tolist() == members
    assert one.coordination.bits > 5
    assert not [f for f in one.coordination.findings if f.signal == "shared_content"]
