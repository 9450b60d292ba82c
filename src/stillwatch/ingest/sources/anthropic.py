"""Anthropic messages requests and responses as a gateway logs them, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.ingest.content import chat, flatten
from stillwatch.ingest.exchange import has_exchange, read_exchange
from stillwatch.ingest.fields import mapping, need, text
from stillwatch.ingest.parameters import asked, used
from stillwatch.ingest.source import Document, source

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's stop reasons in the call log's words (Anthropic API reference, "Stop reasons")."""


def is_anthropic(document: Mapping[str, object]) -> bool:
    """Tell an exchange with Anthropic's API by its path, version header, answer or model."""
    if not has_exchange(document):
        return False
    exchange = read_exchange(document)
    return (
        "/v1/messages" in exchange.path
        or "anthropic-version" in exchange.headers
        or "anthropic_version" in exchange.request
        or exchange.response.get("type") == "message"
        or "stop_reason" in exchange.response
        or ("choices" not in exchange.response and str(exchange.request.get("model", "")).startswith("claude"))
    )


@source("anthropic", looks_like=is_anthropic)
def anthropic(document: Document) -> Iterator[dict[str, object]]:
    """Read exchanges with Anthropic's messages API.

    Shapes: Anthropic's API reference (POST /v1/messages and its stream events).
    """
    exchange = read_exchange(document)
    request, response = exchange.request, exchange.response
    reason = text(response, "stop_reason")
    row = {
        **exchange.row,
        "model": text(request, "model") or text(document, "model") or text(response, "model"),
        "operation": "chat" if "messages" in request else "text_completion",
        "messages": chat(request.get("messages")),
        "prompt": text(request, "prompt"),
        "system": flatten(request.get("system")) or None,
        **asked(request),
        **used(mapping(response.get("usage"))),
        "finish_reason": FINISH_REASONS.get(reason, reason) if reason else None,
    }
    need(
        row,
        "call_id",
        "account",
        "started_at",
        "model",
        looked="the record, its metadata, headers and bodies",
    )
    yield row
