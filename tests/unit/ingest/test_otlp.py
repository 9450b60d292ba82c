from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.otlp import read_spans


def value(plain: object) -> dict[str, Any]:
    """Return the AnyValue that OTLP JSON writes for a plain value."""
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int):
        return {"intValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(v) for v in plain]}}
    if isinstance(plain, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": value(v)} for k, v in plain.items()]}}
    return {"stringValue": plain}


@pytest.mark.parametrize("plain", ["x", 7, True, 0.5, [1, "a"], {"a": [{"b": 1}]}, 2**62])
def test_reads_attribute_values_of_every_kind(plain: object) -> None:
    attributes = [{"key": "k", "value": value(plain)}]
    (span,) = read_spans({"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": attributes}]}]}]})
    assert span.attributes == {"k": plain}


@pytest.mark.parametrize(
    "names",
    [
        ("resourceSpans", "scopeSpans"),
        ("resource_spans", "scope_spans"),
        ("resourceSpans", "instrumentationLibrarySpans"),
    ],
)
def test_reads_every_spelling_of_the_envelope(names: tuple[str, str]) -> None:
    outer, inner = names
    resource = {"attributes": [{"key": "service.name", "value": value("s")}]}
    document = {outer: [{"resource": resource, inner: [{"spans": [{"spanId": "1", "status": {"code": 2}}]}]}]}
    (span,) = read_spans(document)
    assert (span.span, span.failed, span.resource) == ("1", True, {"service.name": "s"})


def test_gives_log_records_to_their_span_and_keeps_the_others() -> None:
    spans = [{"scopeSpans": [{"spans": [{"traceId": "t", "spanId": "1"}]}]}]
    records = [
        {"traceId": "t", "spanId": "1", "eventName": "e1", "body": value({"content": "hi"})},
        {"traceId": "t", "spanId": "2", "attributes": [{"key": "event.name", "value": value("e2")}]},
        {"eventName": "e3"},
        {"eventName": "e4"},
    ]
    found = read_spans({"resourceSpans": spans, "resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})
    assert [[e.name for e in s.events] for s in found] == [["e1"], ["e2"], ["e3"], ["e4"]]
    assert found[0].events[0].body == {"content": "hi"}


def test_cuts_off_values_nested_without_end() -> None:
    nested: Any = value("deep")
    for _ in range(200):
        nested = {"arrayValue": {"values": [nested]}}
    (span,) = read_spans(
        {"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [{"key": "k", "value": nested}]}]}]}]}
    )
    assert "deep" not in str(span.attributes)
