"""Batches encoded a column at a time are what one call at a time makes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from evidence_calls import AT, calls

from stillwatch.evidence import call_batches
from stillwatch.evidence.call_batches import encode_calls
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.commitments import SEED_BYTES, commit
from stillwatch.evidence.entries import call_entries
from stillwatch.evidence.vault import FIELDS
from stillwatch.records import CALL_LOG

VALUES: dict[str, list[object]] = {
    "model": ["m", "ü", 'a"b\\', "x" * 2_000, "\x00\x7f"],
    "messages": [None, "[]", '[{"role":"user","content":"\u2028"}]'],
    "prompt": [None, "", "hello", "\U0001f600" * 50],
    "system": [None, "be brief"],
    "operation": [None, "chat"],
    "channel": [None, "first_party"],
    "client_address": [None, "192.0.2.1", "2001:db8::1", ""],
    "client_asn": [None, 64500, 2**60],
    "user_agent": [None, "a/1", "é" * 9],
    "tls_fingerprint": [None, "t13d"],
    "input_tokens": [None, 0, 5, 2**62],
    "output_tokens": [None, 7],
    "reasoning_tokens": [None, 1],
    "status": [None, 200, 299, 300, 429],
}


def rows(seed: int, count: int) -> pa.RecordBatch:
    draw = random.Random(seed)
    made = [
        {
            "call_id": f"{i}-{draw.random()}",
            "account": draw.choice(["a", "b", "é"]),
            "started_at": AT + timedelta(microseconds=draw.randrange(10**13)),
        }
        | {name: draw.choice(values) for name, values in VALUES.items()}
        for i in range(count)
    ]
    return pa.RecordBatch.from_pylist(made, CALL_LOG.schema)


@pytest.fixture(autouse=True)
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_batches, "FEW", -1)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_one_call_at_a_time(seed: int) -> None:
    batch = rows(seed, 200)
    seeds = random.Random(seed).randbytes(SEED_BYTES * 200)
    slow = list(call_entries(batch, seeds))
    fast = encode_calls(batch, seeds)
    assert fast.entries == [c.entry for c in slow]
    opened = [{n: r[n] for n in FIELDS if r.get(n) is not None} for r in fast.rows.to_pylist()]
    assert opened == [dict(c.private) for c in slow]
    assert fast.rows["seed"].to_pylist() == [c.seed for c in slow]


def test_a_few_calls_are_encoded_as_many_are(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, seeds = rows(7, 60), random.Random(7).randbytes(SEED_BYTES * 60)
    many = encode_calls(batch, seeds)
    monkeypatch.setattr(call_batches, "FEW", 60)
    monkeypatch.setattr(call_batches, "commit_alike", lambda *_: pytest.fail("loops were loaded for a few calls"))
    few = encode_calls(batch, seeds)
    assert few.entries == many.entries
    assert few.rows.select(many.rows.column_names).to_pylist() == many.rows.to_pylist()


def test_entries_are_canonical_and_hold_what_they_commit_to() -> None:
    batch = rows(9, 100)
    encoded = encode_calls(batch, bytes(range(32)) * 100)
    for entry, row in zip(encoded.entries, encoded.rows.to_pylist(), strict=True):
        fields = {n: row[n] for n in FIELDS if row.get(n) is not None}
        assert parse_canonical(entry)["private"] == commit(row["seed"], fields)


def test_a_part_of_a_batch_is_encoded_like_the_part_alone() -> None:
    whole, seeds = rows(1, 50), bytes(range(32)) * 20
    alone = pa.RecordBatch.from_pylist(whole.to_pylist()[10:30], CALL_LOG.schema)
    assert encode_calls(whole.slice(10, 20), seeds).entries == encode_calls(alone, seeds).entries


def test_a_batch_without_calls_has_no_entries() -> None:
    assert encode_calls(calls(0, 3).slice(0, 0), b"").entries == []


def test_an_hour_before_1970_is_rounded_down() -> None:
    batch = calls(0, 1).set_column(
        2,
        CALL_LOG.schema.field("started_at"),
        pa.array([datetime(1969, 12, 31, 23, 30, tzinfo=UTC)], CALL_LOG.schema.field("started_at").type),
    )
    assert parse_canonical(encode_calls(batch, bytes(32)).entries[0])["hour"] == -1


def test_what_an_entry_cannot_say_is_left_out_or_shortened() -> None:
    batch = calls(0, 1, input_tokens=2**60, channel="x" * 70_000)
    said = parse_canonical(encode_calls(batch, bytes(32)).entries[0])
    assert "input_tokens" not in said
    assert said["channel"].startswith("sha256:")
