from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.sources.bedrock import bedrock

EXAMPLE = json.loads((Path(__file__).parents[3] / "contract" / "examples" / "bedrock.json").read_text())


def read(**changes: Any) -> dict[str, Any]:
    (row,) = bedrock({**EXAMPLE, **changes})
    return row


def test_reads_a_documented_converse_record() -> None:
    row = read()
    assert row["messages"] == [{"role": "user", "content": "hello how are you\n[image]"}]
    wanted = {
        "account": "arn:aws:iam::111122223333:user/ada",
        "model": "us.amazon.nova-lite-v1:0",
        "channel": "aws_bedrock",
        "system": "Be kind.",
        "max_output_tokens": 512,
        "temperature": 0.7,
        "tools": 1,
        "stream": True,
        "input_tokens": 100,
        "cached_input_tokens": 90,
        "output_tokens": 38,
        "duration_ms": 302,
        "finish_reason": "stop",
        "status": 200,
    }
    assert {k: row[k] for k in wanted} == wanted


@pytest.mark.parametrize(
    ("model", "body", "prompt", "operation", "ceiling"),
    [
        ("meta.llama3", {"prompt": "p", "max_gen_len": 9}, "p", "text_completion", 9),
        (
            "amazon.titan-text",
            {"inputText": "p", "textGenerationConfig": {"maxTokenCount": 9}},
            "p",
            "text_completion",
            9,
        ),
        ("amazon.titan-embed-text-v2:0", {"inputText": "p"}, "p", "embeddings", None),
        ("cohere.embed", {"texts": ["a", "b"]}, "a\nb", "embeddings", None),
    ],
)
def test_reads_other_makers_bodies(
    model: str, body: dict[str, Any], prompt: str, operation: str, ceiling: int | None
) -> None:
    row = read(modelId=model, operation="InvokeModel", input={"inputBodyJson": body, "inputTokenCount": 2})
    assert (row["prompt"], row["operation"], row.get("max_output_tokens")) == (prompt, operation, ceiling)
    assert row["stream"] is False


def test_reads_a_streamed_anthropic_body() -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    chunks = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 5}}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"invocationLatency": 77}},
    ]
    row = read(input={"inputBodyJson": body}, output={"outputBodyJson": chunks})
    assert row["messages"] == [{"role": "user", "content": "hi"}]
    assert (row["finish_reason"], row["output_tokens"], row["duration_ms"]) == ("length", 9, 77)


def test_prefers_what_an_application_says_about_its_own_customer() -> None:
    assert read(requestMetadata={"tenant_id": "t-1"})["account"] == "t-1"
    assert read(identity={})["account"] == "111122223333"


def test_keeps_a_call_whose_text_is_stored_apart_and_one_that_was_refused() -> None:
    row = read(input={"inputBodyS3Path": "s3://x"}, output={}, errorCode="ThrottlingException")
    assert (row["prompt"], row["status"]) == (None, 429)


def test_reads_cloudwatch_subscriptions() -> None:
    events = [{"message": json.dumps({**EXAMPLE, "requestId": str(i)})} for i in range(3)]
    assert [row["call_id"] for row in bedrock({"logEvents": events})] == ["0", "1", "2"]
    with pytest.raises(SourceError, match="no JSON object"):
        list(bedrock({"logEvents": [{"message": "START RequestId"}]}))
