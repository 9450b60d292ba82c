from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.sources.openai import openai

EXAMPLE = Path(__file__).parents[3] / "contract" / "examples" / "openai.json"
AROUND = {"id": "1", "account": "a", "timestamp": 1770091506}


def read(request: dict[str, Any], response: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    (row,) = openai({**AROUND, "request": {"model": "m", **request}, "response": response or {}, **more})
    return row


def test_reads_a_documented_chat_completion() -> None:
    (row,) = openai(json.loads(EXAMPLE.read_text()))
    assert row["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is in this picture?\n[image]\n[audio]"},
    ]
    wanted = {
        "account": "acct-7",
        "model": "gpt-4o-mini",
        "operation": "chat",
        "client_address": "203.0.113.7",
        "user_agent": "OpenAI/Python 2.8.0",
        "tls_fingerprint": "t13d1516h2_8daaf6152771_02713d6af862",
        "temperature": 1,
        "max_output_tokens": 512,
        "n": 2,
        "logprobs": True,
        "stream": True,
        "tools": 2,
        "input_tokens": 1117,
        "cached_input_tokens": 1024,
        "output_tokens": 46,
        "reasoning_tokens": 30,
        "duration_ms": 1830,
        "status": 200,
        "finish_reason": "stop",
        "started_at": 1770091506.5,
    }
    assert {k: row[k] for k in wanted} == wanted


def test_reads_the_responses_api() -> None:
    row = read(
        {
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            "instructions": "Be kind.",
        },
        {
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "usage": {"input_tokens": 3},
        },
    )
    assert row["messages"] == [{"role": "user", "content": "hi"}]
    assert (row["system"], row["operation"], row["finish_reason"], row["input_tokens"]) == (
        "Be kind.",
        "chat",
        "length",
        3,
    )


@pytest.mark.parametrize(
    ("request_body", "path", "operation", "prompt"),
    [
        ({"prompt": "Once"}, "/v1/completions", "text_completion", "Once"),
        ({"prompt": ["a", "b"]}, "", "text_completion", "a\nb"),
        ({"input": ["a", "b"]}, "/v1/embeddings", "embeddings", "a\nb"),
        ({"input": "a", "encoding_format": "float"}, "", "embeddings", "a"),
        ({"input": "a"}, "/v1/responses", "chat", "a"),
    ],
)
def test_tells_the_operations_apart(request_body: dict[str, Any], path: str, operation: str, prompt: str) -> None:
    row = read(request_body, path=path)
    assert (row["operation"], row["prompt"]) == (operation, prompt)


def test_says_what_is_missing() -> None:
    with pytest.raises(SourceError, match="no account: looked in"):
        list(openai({"id": "1", "timestamp": 1, "request": {"model": "m", "messages": []}}))
