"""OpenTelemetry GenAI spans and events in OTLP JSON, with today's ``gen_ai.*`` names and the older ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stillwatch.ingest.content import Message, chat, flatten
from stillwatch.ingest.fields import first, hide_credential, items, mapping, need, number, parse_json, text
from stillwatch.ingest.otlp import Event, Span, read_spans
from stillwatch.ingest.parameters import count_tools
from stillwatch.ingest.source import Document, source

ACCOUNTS = (
    "account",
    "account.id",
    "api_key.hash",
    "api_key.id",
    "enduser.id",
    "enduser.pseudo.id",
    "user.id",
    "user.hash",
    "user.name",
    "traceloop.association.properties.user_id",
    "llm.user",
    "gen_ai.request.user",
)
"""Attributes that name who calls: OpenTelemetry's registries ``enduser`` and ``user``, OpenLLMetry; no
convention says which."""

OPERATIONS = {
    "chat": "chat",
    "generate_content": "chat",
    "text_completion": "text_completion",
    "embeddings": "embeddings",
    "completion": "text_completion",
}
"""``gen_ai.operation.name`` (and ``llm.request.type``, before it) of a call to a model; other spans are not
calls."""

DETAILS = "gen_ai.client.inference.operation.details"
"""The event that carries a whole call (semantic conventions 1.37 and later)."""

EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
"""One event a message (semantic conventions 1.28 to 1.36)."""

_INDEXED = re.compile(r"^gen_ai\.prompt\.(\d{1,6})\.(role|content|tool_calls)$")
"""One attribute a field of a message: OpenLLMetry's ``gen_ai.prompt.0.content``."""

NUMBERS = {
    "temperature": ("gen_ai.request.temperature",),
    "max_output_tokens": ("gen_ai.request.max_tokens",),
    "n": ("gen_ai.request.choice.count",),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
    ),
    "cached_input_tokens": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
}
"""Columns by attribute; the convention counts cached input and reasoning output inside the totals, as the
call log does."""


def _looks_like(document: Document) -> bool:
    return any(k in document for k in ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs"))


@source("otel", looks_like=_looks_like)
def otel(document: Document) -> Iterator[dict[str, object]]:
    """Read OpenTelemetry GenAI spans and events (OTLP JSON, one export a line or file).

    Conventions: open-telemetry/semantic-conventions-genai 0.1, back to semantic-conventions 1.27 and
    OpenLLMetry. Of nested spans for one call (a framework around a client) only the innermost is taken; spans
    of other kinds are none.
    """
    calls = [(span, _gather(span)) for span in read_spans(document)]
    calls = [(span, seen) for span, seen in calls if _operation(seen) is not None]
    around = {(span.trace, span.parent) for span, _ in calls if span.parent}
    for span, seen in calls:
        if (span.trace, span.span) not in around:
            row = _row(span, seen)
            need(
                row,
                "call_id",
                "account",
                "started_at",
                "model",
                looked=f"{', '.join(ACCOUNTS[:8])}, service.name",
            )
            yield row


def _gather(span: Span) -> dict[str, object]:
    """Return the attributes of a span and of the events that carry a whole call."""
    seen = dict(span.attributes)
    for event in span.events:
        if event.name == DETAILS or "gen_ai.input.messages" in event.attributes:
            seen = {**event.attributes, **mapping(event.body), **seen}
    return seen


def _operation(seen: dict[str, object]) -> str | None:
    named = first(seen, "gen_ai.operation.name", "llm.request.type")
    if named is None and first(seen, "gen_ai.request.model") is not None:
        named = "chat"
    return OPERATIONS.get(str(named))


def _row(span: Span, seen: dict[str, object]) -> dict[str, object]:
    start, end = number(span.start), number(span.end)
    return {
        "call_id": ":".join(filter(None, (span.trace, span.span))) or text(seen, "gen_ai.response.id"),
        "account": hide_credential(text(seen, *ACCOUNTS) or text(span.resource, *ACCOUNTS, "service.name")),
        "started_at": _nanoseconds(span.start),
        "model": text(seen, "gen_ai.request.model", "gen_ai.response.model"),
        "operation": _operation(seen),
        "channel": text(seen, "gen_ai.provider.name", "gen_ai.system"),
        "client_address": text(seen, "client.address", "http.client_ip", "network.peer.address"),
        "user_agent": text(seen, "user_agent.original", "http.user_agent"),
        "tls_fingerprint": text(seen, "tls.client.ja4"),
        **_said(span, seen),
        **{column: first(seen, *names) for column, names in NUMBERS.items()},
        "stream": first(seen, "gen_ai.request.stream", "llm.is_streaming"),
        "tools": count_tools(first(seen, "gen_ai.tool.definitions", "gen_ai.request.tools")),
        "duration_ms": round((end - start) / 1e6) if start and end and 0 <= end - start < 2**62 else None,
        "status": _status(span, seen),
        "finish_reason": text(seen, "gen_ai.response.finish_reasons"),
    }


def _nanoseconds(value: object) -> object:
    """Return a time that OTLP JSON writes as text of up to 20 digits as a number."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= 20 else value


def _said(span: Span, seen: dict[str, object]) -> dict[str, object]:
    """Return messages and system text from wherever this generation of the convention keeps them."""
    system = flatten(_structured(seen.get("gen_ai.system_instructions"))) or None
    if (messages := chat(_structured(seen.get("gen_ai.input.messages")))) is not None:
        return {"messages": messages, "system": system}
    if (messages := _indexed(seen) or _of_events(span.events)) is not None:
        return {"messages": messages, "system": system}
    old = seen.get("gen_ai.prompt") or next((v for e in span.events if (v := e.attributes.get("gen_ai.prompt"))), None)
    structured = _structured(old)
    if isinstance(structured, list):
        return {"messages": chat(structured), "system": system}
    return {"prompt": flatten(structured) or None, "system": system}


def _structured(value: object) -> object:
    """Return a value that spans carry as JSON text, where attributes cannot be structured."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        parsed = parse_json(value)
        return value if parsed is None else parsed
    return value


def _indexed(seen: dict[str, object]) -> list[Message] | None:
    found: dict[int, dict[str, object]] = {}
    for name, value in seen.items():
        if match := _INDEXED.match(name):
            found.setdefault(int(match[1]), {})[match[2]] = _structured(value)
    return chat([found[i] for i in sorted(found)])


def _of_events(events: list[Event]) -> list[Message] | None:
    said = []
    for event in events:
        if event.name in EVENT_ROLES:
            carried = {
                **mapping(_structured(event.attributes.get("gen_ai.event.content"))),
                **event.attributes,
                **mapping(event.body),
            }
            content = carried.get("content", event.body if isinstance(event.body, str) else None)
            said.append({"role": EVENT_ROLES[event.name], "content": _structured(content)})
    return chat(said)


def _status(span: Span, seen: dict[str, object]) -> int | None:
    code = number(first(seen, "http.response.status_code", "http.status_code", "error.type"))
    if code is not None and 100 <= code < 600:
        return int(code)
    if span.failed or first(seen, "error.type") is not None:
        return 500
    return None if not items(seen.get("gen_ai.response.finish_reasons")) else 200
