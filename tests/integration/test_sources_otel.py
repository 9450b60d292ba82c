"""Spans and log records that the OpenTelemetry SDK itself exports are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects

trace_sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="the OpenTelemetry SDK is not installed")

from google.protobuf.json_format import MessageToDict  # noqa: E402
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

SAID = [{"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]}]
WANTED = [{"role": "user", "content": "Weather in Paris?"}]


def export(record: Callable[[Any], None]) -> dict[str, Any]:
    """Return the OTLP JSON of the spans that a function records with a tracer."""
    memory = InMemorySpanExporter()
    provider = trace_sdk.TracerProvider(resource=Resource.create({"service.name": "gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    record(provider.get_tracer("test"))
    document: dict[str, Any] = MessageToDict(encode_spans(memory.get_finished_spans()))
    return document


def read(document: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    file = folder / "spans.jsonl"
    file.write_text(json.dumps(document))
    rejects = Rejects(None)
    rows = [row for batch in read_calls(find_inputs([file]), rejects=rejects) for row in batch.to_pylist()]
    assert rejects.summary() == []
    return rows


def test_reads_todays_attributes(tmp_path: Path) -> None:
    def record(tracer: Any) -> None:
        with tracer.start_as_current_span("chat gpt-4o") as span:
            span.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o",
                    "gen_ai.request.temperature": 0.5,
                    "gen_ai.request.choice.count": 3,
                    "gen_ai.input.messages": json.dumps(SAID),
                    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
                    "gen_ai.usage.input_tokens": 52,
                    "gen_ai.usage.reasoning.output_tokens": 7,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "user.id": "u-9",
                }
            )

    (row,) = read(export(record), tmp_path)
    assert json.loads(row["messages"]) == WANTED
    assert row["system"] == "Be brief."
    assert (row["account"], row["model"], row["channel"], row["n"]) == ("u-9", "gpt-4o", "openai", 3)
    assert (row["temperature"], row["input_tokens"], row["reasoning_tokens"]) == (0.5, 52, 7)
    assert row["finish_reason"] == "stop"
    assert row["started_at"].year >= 2024


@pytest.mark.parametrize("generation", ["message events", "content event", "indexed attributes", "json attribute"])
def test_reads_older_names_wherever_they_keep_the_prompt(generation: str, tmp_path: Path) -> None:
    def record(tracer: Any) -> None:
        with tracer.start_as_current_span("chat") as span:
            span.set_attributes({"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4", "enduser.id": "u"})
            span.set_attributes({"gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.completion_tokens": 6})
            old = json.dumps(WANTED)
            if generation == "message events":
                span.add_event("gen_ai.user.message", {"content": "Weather in Paris?"})
                span.add_event("gen_ai.choice", {"message": "rainy"})
            elif generation == "content event":
                span.add_event("gen_ai.content.prompt", {"gen_ai.prompt": old})
            elif generation == "indexed attributes":
                span.set_attributes({"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Weather in Paris?"})
            else:
                span.set_attribute("gen_ai.prompt", old)

    (row,) = read(export(record), tmp_path)
    assert json.loads(row["messages"]) == WANTED
    assert (row["channel"], row["operation"], row["account"]) == ("openai", "chat", "u")
    assert (row["input_tokens"], row["output_tokens"]) == (5, 6)


def test_takes_only_the_innermost_of_nested_spans_for_one_call(tmp_path: Path) -> None:
    def record(tracer: Any) -> None:
        with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent"}):
            common = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
            with (
                tracer.start_as_current_span("framework", attributes={**common, "user.id": "framework"}),
                tracer.start_as_current_span("client", attributes={**common, "user.id": "client"}),
            ):
                pass

    assert [row["account"] for row in read(export(record), tmp_path)] == ["client"]


def test_reads_a_log_record_that_carries_a_whole_call(tmp_path: Path) -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": "u"}
    pairs = [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()]
    parts = {
        "values": [{"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "Weather in Paris?"}}]}}]
    }
    message = [
        {"key": "role", "value": {"stringValue": "user"}},
        {"key": "parts", "value": {"arrayValue": parts}},
    ]
    said = {"arrayValue": {"values": [{"kvlistValue": {"values": message}}]}}
    record = {
        "timeUnixNano": "1770091506789000000",
        "eventName": "gen_ai.client.inference.operation.details",
        "traceId": "5b8e",
        "spanId": "eee1",
        "attributes": [*pairs, {"key": "gen_ai.input.messages", "value": said}],
    }
    (row,) = read({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}, tmp_path)
    assert json.loads(row["messages"]) == WANTED
    assert row["call_id"] == "5b8e:eee1"
