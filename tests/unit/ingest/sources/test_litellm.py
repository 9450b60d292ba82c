from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.sources.litellm import litellm

EXAMPLE = json.loads((Path(__file__).parents[3] / "contract" / "examples" / "litellm.json").read_text())


def read(**changes: Any) -> dict[str, Any]:
    (row,) = litellm({**EXAMPLE, **changes})
    return row


def test_reads_a_documented_payload() -> None:
    row = read()
    wanted = {
        "account": EXAMPLE["metadata"]["user_api_key_hash"],
        "model": "opus",
        "channel": "anthropic",
        "operation": "chat",
        "client_address": "203.0.113.7",
        "user_agent": "curl/8",
        "started_at": 1770091506.25,
        "duration_ms": 2500,
        "temperature": 0.3,
        "max_output_tokens": 50,
        "tools": 1,
        "stream": True,
        "input_tokens": 110,
        "cached_input_tokens": 100,
        "output_tokens": 20,
        "reasoning_tokens": 12,
        "status": 200,
        "finish_reason": "stop",
    }
    assert {k: row[k] for k in wanted} == wanted


@pytest.mark.parametrize(
    ("metadata", "account"),
    [
        ({"user_api_key_user_id": "u", "user_api_key_team_id": "t"}, "u"),
        ({"user_api_key_team_id": "t"}, "t"),
        ({}, "caller-says"),
    ],
)
def test_names_the_account_by_the_key_before_what_the_caller_says(metadata: dict[str, str], account: str) -> None:
    assert read(metadata=metadata)["account"] == account


def test_never_shows_a_key_that_was_logged_in_the_clear() -> None:
    assert str(read(metadata={"user_api_key_hash": "sk-1234"})["account"]).startswith("key:")


@pytest.mark.parametrize(
    ("changes", "prompt", "operation"),
    [
        ({"call_type": "atext_completion", "messages": "Once"}, "Once", "text_completion"),
        ({"call_type": "aembedding", "messages": ["a", "b"]}, "a\nb", "embeddings"),
        ({"messages": "redacted-by-litellm"}, "redacted-by-litellm", "chat"),
    ],
)
def test_reads_prompts_that_are_no_chat(changes: dict[str, Any], prompt: str, operation: str) -> None:
    row = read(**changes)
    assert (row["prompt"], row["operation"]) == (prompt, operation)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "failure", "error_information": {"error_code": "429"}}, 429),
        ({"status": "failure", "error_information": None}, 500),
        ({"status": None}, None),
    ],
)
def test_reads_how_a_call_ended(changes: dict[str, Any], status: int | None) -> None:
    assert read(**changes)["status"] == status


def test_says_what_is_missing() -> None:
    with pytest.raises(SourceError, match="no account: looked in the key's hash"):
        read(metadata={}, end_user=None)
