from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.ingest.exchange import has_exchange, merge_events, read_exchange

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("request_part", [BODY, {"body": BODY}, json.dumps(BODY), {"body": json.dumps(BODY)}])
def test_finds_the_body_however_it_is_wrapped(request_part: Any) -> None:
    document = {"request": request_part, "response": {}}
    assert has_exchange(document)
    assert read_exchange(document).request == BODY


@pytest.mark.parametrize(
    ("document", "account"),
    [
        ({"account": "a", "user": "u"}, "a"),
        ({"metadata": {"user_id": "u"}}, "u"),
        ({"api_key_hash": "h", "user": "u"}, "h"),
        ({"account": "sk-SECRET"}, "key:2dae6c365429f1b5"),
        ({"headers": {"Authorization": "Bearer sk-SECRET"}}, "key:2dae6c365429f1b5"),
        (
            {"request": {"headers": {"X-Api-Key": ["sk-SECRET"]}, "body": {**BODY, "user": "caller"}}},
            "key:2dae6c365429f1b5",
        ),
        ({"api_key": "sk-SECRET"}, "key:2dae6c365429f1b5"),
        ({"request": {**BODY, "user": "caller"}}, "caller"),
        ({}, None),
    ],
)
def test_names_the_account_by_who_holds_the_credential_and_never_by_the_credential(
    document: dict[str, Any], account: str | None
) -> None:
    assert read_exchange(document).row["account"] == account


@pytest.mark.parametrize(
    ("document", "address"),
    [
        ({"remote_addr": "192.0.2.1", "headers": {"X-Forwarded-For": "203.0.113.9"}}, "192.0.2.1"),
        ({"headers": {"X-Forwarded-For": "203.0.113.9, 10.0.0.1"}}, "203.0.113.9"),
        ({}, None),
    ],
)
def test_believes_what_the_gateway_saw_before_what_a_header_says(document: dict[str, Any], address: str | None) -> None:
    assert read_exchange(document).row["client_address"] == address


def test_puts_streamed_answers_together() -> None:
    events = [
        {
            "type": "message_start",
            "message": {"id": "msg_1", "type": "message", "usage": {"input_tokens": 5, "output_tokens": 1}},
        },
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 90}},
    ]
    lines = "\n\n".join(f"event: {e['type']}\ndata: {json.dumps(e)}" for e in events) + "\n\ndata: [DONE]\n"
    for answer in (merge_events(list(events)), read_exchange({"request": BODY, "response": lines}).response):
        assert answer["usage"] == {"input_tokens": 5, "output_tokens": 90}
        assert answer["stop_reason"] == "end_turn"
        assert answer["id"] == "msg_1"


@pytest.mark.parametrize(
    ("document", "milliseconds"), [({"latency_ms": 12.6}, 13), ({"duration_seconds": 1.5}, 1500), ({}, None)]
)
def test_reads_durations_in_both_units(document: dict[str, Any], milliseconds: int | None) -> None:
    assert read_exchange(document).row["duration_ms"] == milliseconds


@pytest.mark.parametrize("document", [{}, {"request": 7}, {"request": [1]}, {"request": {"x": 1}}, {"response": {}}])
def test_tells_what_is_no_exchange(document: dict[str, Any]) -> None:
    assert not has_exchange(document)
