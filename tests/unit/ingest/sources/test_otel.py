from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.sources.otel import otel

EXAMPLE = json.loads((Path(__file__).parents[3] / "contract" / "examples" / "otel.json").read_text())


def read(attributes: dict[str, Any], **resource: str) -> list[dict[str, Any]]:
    span = {
        "traceId": "t",
        "spanId": "s",
        "startTimeUnixNano": "1770091506789000000",
        "attributes": attributes,
    }
    return list(otel({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"spans": [span]}]}]}))


def test_reads_a_documented_span_and_ignores_spans_of_other_kinds() -> None:
    (row,) = otel(EXAMPLE)
    assert [m["role"] for m in row["messages"]] == ["user", "assistant", "tool"]  # type: ignore[attr-defined, index]
    wanted = {
        "call_id": "5b8efff798038103d269b633813fc60c:eee19b7ec3c1b174",
        "account": "u-9",
        "model": "gpt-4o",
        "started_at": 1770091506789000000,
        "duration_ms": 1000,
        "channel": "openai",
        "system": "Be brief.",
        "temperature": 0.5,
        "max_output_tokens": 200,
        "stream": True,
        "tools": 1,
        "input_tokens": 52,
        "cached_input_tokens": 50,
        "output_tokens": 97,
        "reasoning_tokens": 60,
        "finish_reason": "stop",
        "client_address": "203.0.113.7",
    }
    assert {k: row[k] for k in wanted} == wanted


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


@pytest.mark.parametrize("operation", ["execute_tool", "invoke_agent", "create_agent", "retrieval"])
def test_spans_that_are_no_call_to_a_model_are_no_calls(operation: str) -> None:
    assert read({**CHAT, "gen_ai.operation.name": operation, "user.id": "u"}) == []


def test_the_service_holds_the_credential_where_no_user_is_named() -> None:
    assert read(CHAT, **{"service.name": "shop"})[0]["account"] == "shop"
    with pytest.raises(SourceError, match=r"no account: looked in account, account\.id"):
        read(CHAT)


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"error.type": "429"}, 429),
        ({"http.response.status_code": 200}, 200),
        ({"error.type": "timeout"}, 500),
    ],
)
def test_reads_how_a_call_ended(attributes: dict[str, Any], status: int | None) -> None:
    assert read({**CHAT, **attributes, "user.id": "u"})[0]["status"] == status
