"""A call in the words of OpenTelemetry's conventions for generative AI.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/client-inference.md and client-embeddings.md (after 0.1),
and semantic-conventions 1.45 for ``server.*``, ``http.*``, ``error.type``, ``user.*``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from stillwatch.gateway.settings import Upstream
from stillwatch.gateway.spans.line import SpanLine
from stillwatch.gateway.upstream import PORTS

Value = str | bool | int | float | list[str]

BROKEN_STREAM = "stream_broken"
"""``error.type`` of a stream whose status was 200 and that ended with an error event."""
FIRST_ERROR = 400


@dataclass(frozen=True)
class Server:
    """Where an upstream is, and whose API it speaks."""

    provider: str
    address: str
    port: int


def server_of(upstream: Upstream) -> Server:
    """Return the address of an upstream, without credentials and path."""
    url = urlsplit(upstream.url)
    return Server(upstream.dialect, url.hostname or "", url.port or PORTS.get(url.scheme, 443))


def span_name(told: SpanLine) -> str:
    """Return ``{gen_ai.operation.name} {gen_ai.request.model}``."""
    return f"{told.operation} {told.model}"


def error_type(told: SpanLine) -> str | None:
    """Return what went wrong, of a closed list of words; None if nothing did."""
    if told.status >= FIRST_ERROR:
        return str(told.status)
    return BROKEN_STREAM if told.finish_reason == "error" else None


def attributes_of(told: SpanLine, server: Server, user: Mapping[str, str]) -> dict[str, Value]:
    """Return the attributes of a call's span; ``user`` names its account, as it is or as a pseudonym."""
    said: dict[str, Value | None] = {
        "gen_ai.operation.name": told.operation,
        "gen_ai.provider.name": server.provider,
        "gen_ai.request.model": told.model,
        "gen_ai.request.stream": told.stream or None,
        "gen_ai.request.max_tokens": told.max_output_tokens,
        "gen_ai.request.choice.count": told.n if told.n != 1 else None,
        "gen_ai.response.finish_reasons": [told.finish_reason] if told.finish_reason else None,
        "gen_ai.response.time_to_first_chunk": told.first_byte_seconds if told.stream and told.status < 300 else None,
        "gen_ai.usage.input_tokens": told.input_tokens,
        "gen_ai.usage.cache_read.input_tokens": told.cached_input_tokens,
        "gen_ai.usage.output_tokens": told.output_tokens if told.operation != "embeddings" else None,
        "gen_ai.usage.reasoning.output_tokens": told.reasoning_tokens,
        "server.address": server.address,
        "server.port": server.port,
        "http.response.status_code": told.status,
        "error.type": error_type(told),
        "stillwatch.call.id": told.call_id,
        **user,
    }
    return {name: value for name, value in said.items() if value is not None}
