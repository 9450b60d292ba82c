"""Entries of calls: what they say aloud, what they only commit to."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.commitments import SEED_BYTES, open_fields, verify_opening
from stillwatch.evidence.entries import call_entries, event_entry, prompt_digest
from stillwatch.records import CALL_LOG

AT = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
ROW = {
    "call_id": "c1",
    "account": "acct-1",
    "started_at": AT,
    "model": "m",
    "prompt": "what is 2 + 2?",
    "client_address": "192.0.2.7",
    "output_tokens": 5,
    "status": 200,
}


def entries_of(*rows: dict[str, object]) -> list[object]:
    batch = pa.RecordBatch.from_pylist(list(rows), CALL_LOG.schema)
    return list(call_entries(batch, bytes(range(256)) * len(rows)))


def test_an_entry_says_the_hour_and_the_size_and_not_who_or_what() -> None:
    (made,) = entries_of(ROW)
    said = parse_canonical(made.entry)
    assert said == {
        "v": 1,
        "kind": "call",
        "hour": int(AT.timestamp()) // 3600,
        "model": "m",
        "output_tokens": 5,
        "completed": True,
        "private": said["private"],
    }
    assert not [value for value in ("acct-1", "192.0.2.7", "c1", "2 + 2") if value.encode() in made.entry]


def test_every_private_field_can_be_opened() -> None:
    (made,) = entries_of(ROW)
    said = parse_canonical(made.entry)
    opened = verify_opening(open_fields(made.seed, made.private, frozenset(made.private)), said["private"])
    assert opened == {
        "call_id": "c1",
        "account": "acct-1",
        "client_address": "192.0.2.7",
        "started_at": int(AT.timestamp()) * 1_000_000,
        "prompt": prompt_digest(ROW),
    }


def test_two_records_of_one_batch_have_two_seeds() -> None:
    batch = pa.RecordBatch.from_pylist([ROW, ROW], CALL_LOG.schema)
    a, b = call_entries(batch, bytes(SEED_BYTES) + bytes([1]) * SEED_BYTES)
    assert a.entry != b.entry


@pytest.mark.parametrize(("status", "completed"), [(None, True), (200, True), (299, True), (300, False), (429, False)])
def test_a_call_is_an_exchange_if_its_status_is_unknown_or_2xx(status: int | None, *, completed: bool) -> None:
    (made,) = entries_of(ROW | {"status": status})
    assert parse_canonical(made.entry)["completed"] is completed


def test_a_call_without_text_commits_to_none() -> None:
    (made,) = entries_of({k: v for k, v in ROW.items() if k != "prompt"})
    assert "prompt" not in made.private


def test_an_event_is_public_and_canonical() -> None:
    assert parse_canonical(event_entry("finding", {"campaign": "C-1"})) == {
        "v": 1,
        "kind": "finding",
        "campaign": "C-1",
    }
    with pytest.raises(EvidenceError):
        event_entry("finding", {"bits": 1.5})
