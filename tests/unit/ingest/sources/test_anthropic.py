from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.ingest.sources.anthropic import anthropic, is_anthropic

EXAMPLE = Path(__file__).parents[3] / "contract" / "examples" / "anthropic.json"


def test_reads_a_documented_exchange() -> None:
    (row,) = anthropic(json.loads(EXAMPLE.read_text()))
    assert row["messages"] == [
        {"role": "user", "content": "[image]\nWhat is this?"},
        {"role": "assistant", "content": '[tool call get_weather] {"city":"Paris"}'},
        {"role": "tool", "content": "rainy"},
        {"role": "user", "content": "And tomorrow?"},
    ]
    wanted = {
        "call_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        "account": "6f1c",
        "model": "claude-opus-4-6",
        "system": "You are a tutor.",
        "max_output_tokens": 4096,
        "temperature": 0.7,
        "stream": False,
        "tools": 1,
        "input_tokens": 127,
        "cached_input_tokens": 100,
        "output_tokens": 503,
        "finish_reason": "stop",
        "client_address": "203.0.113.7",
        "user_agent": "Anthropic/Python 0.84.0",
        "duration_ms": 2310,
        "status": 200,
    }
    assert {k: row[k] for k in wanted} == wanted


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ({"request": {"model": "claude-x", "messages": []}}, True),
        ({"request": {"model": "x", "messages": []}, "path": "/v1/messages"}, True),
        ({"request": {"model": "x", "messages": []}, "response": {"type": "message"}}, True),
        ({"request": {"model": "claude-x", "messages": []}, "response": {"choices": []}}, False),
        ({"request": {"model": "gpt", "messages": []}}, False),
        ({}, False),
    ],
)
def test_tells_its_exchanges_from_openais(document: dict[str, object], answer: bool) -> None:  # noqa: FBT001 - a case
    assert is_anthropic(document) is answer
