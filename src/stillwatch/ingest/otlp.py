"""OTLP JSON taken apart: spans and log records with their attributes as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stillwatch.ingest.fields import items, mapping, number, text

MAX_DEPTH = 32
"""Attribute values inside values; the specification's own limit for readers of AnyValue is of this size."""


@dataclass
class Event:
    """Something inside a span, or a log record that belongs to one."""

    name: str
    attributes: dict[str, object]
    body: object = None


@dataclass
class Span:
    """One span: identifiers, times in ns since 1970, attributes, events, its resource's attributes."""

    trace: str
    span: str
    parent: str = ""
    start: object = None
    end: object = None
    failed: bool = False
    attributes: dict[str, object] = field(default_factory=dict)
    resource: dict[str, object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def read_spans(document: Mapping[str, object]) -> list[Span]:
    """Return the spans of a document, with their events and the log records that belong to them.

    A log record without a span in the document stands for itself: a span with one event.
    """
    spans = [span for resource, entry in _entries(document, SPANS) for span in [_span(entry, resource)]]
    known = {(s.trace, s.span): s for s in spans}
    for resource, entry in _entries(document, LOGS):
        event = _event(entry, name=text(entry, "eventName", "event_name"))
        place = text(entry, "traceId", "trace_id") or "", text(entry, "spanId", "span_id") or ""
        if place in known and any(place):
            known[place].events.append(event)
            continue
        time = _pick(entry, "timeUnixNano", "observedTimeUnixNano")
        known[place] = Span(*place, start=time, resource=resource, events=[event])
        spans.append(known[place])
    return spans


SPANS = (
    ("resourceSpans", "resource_spans"),
    ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"),
    ("spans",),
)
LOGS = (("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"))
"""Where entries are: OTLP's names in JSON, as protobuf's own field names, and before OTLP 0.15."""


def _entries(
    document: Mapping[str, object], levels: tuple[tuple[str, ...], ...]
) -> Iterator[tuple[dict[str, object], Mapping[str, object]]]:
    outer, middle, inner = levels
    for group in items(_pick(document, *outer)):
        resource = _attributes(mapping(mapping(group).get("resource")).get("attributes"))
        for scope in items(_pick(mapping(group), *middle)):
            for entry in items(_pick(mapping(scope), *inner)):
                yield resource, mapping(entry)


def _span(entry: Mapping[str, object], resource: dict[str, object]) -> Span:
    return Span(
        trace=text(entry, "traceId", "trace_id") or "",
        span=text(entry, "spanId", "span_id") or "",
        parent=text(entry, "parentSpanId", "parent_span_id") or "",
        start=_pick(entry, "startTimeUnixNano", "start_time_unix_nano"),
        end=_pick(entry, "endTimeUnixNano", "end_time_unix_nano"),
        failed=str(mapping(entry.get("status")).get("code")) in {"2", "STATUS_CODE_ERROR"},
        attributes=_attributes(entry.get("attributes")),
        resource=resource,
        events=[_event(mapping(e), name=text(e, "name")) for e in items(entry.get("events"))],
    )


def _event(entry: Mapping[str, object], *, name: str | None) -> Event:
    attributes = _attributes(entry.get("attributes"))
    return Event(name or text(attributes, "event.name") or "", attributes, _value(entry.get("body"), 0))


def _attributes(pairs: object) -> dict[str, object]:
    """Return attributes as a dict; a plain object, as some exporters write, is taken as it is."""
    if isinstance(pairs, Mapping):
        return dict(pairs)
    named = (mapping(pair) for pair in items(pairs))
    return {str(pair.get("key")): _value(pair.get("value"), 0) for pair in named}


def _value(value: object, depth: int) -> object:
    """Return an AnyValue (opentelemetry-proto, common.proto) as a plain value."""
    if not isinstance(value, Mapping) or depth > MAX_DEPTH:
        return None if depth > MAX_DEPTH else value
    if "arrayValue" in value:
        return [_value(v, depth + 1) for v in items(mapping(value["arrayValue"]).get("values"))]
    if "kvlistValue" in value:
        pairs = (mapping(p) for p in items(mapping(value["kvlistValue"]).get("values")))
        return {str(p.get("key")): _value(p.get("value"), depth + 1) for p in pairs}
    if "intValue" in value:
        return _whole(value["intValue"])
    return next((value[k] for k in ("stringValue", "doubleValue", "boolValue", "bytesValue") if k in value), None)


def _whole(value: object) -> object:
    known = number(value)
    return int(known) if known is not None and abs(known) < 2**63 else value


def _pick(entry: Mapping[str, object], *names: str) -> object:
    return next((entry[n] for n in names if n in entry), None)
