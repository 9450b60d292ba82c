"""A gateway's record of one exchange, ``{request, response, …}``, in its many spellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.ingest.fields import (
    first,
    get,
    hash_credential,
    hide_credential,
    items,
    lower_keys,
    mapping,
    number,
    parse_json,
    text,
)

ACCOUNTS = (
    "account",
    "account_id",
    "api_key_hash",
    "key_hash",
    "hashed_api_key",
    "api_key_id",
    "key_id",
    "consumer",
    "consumer_id",
    "user_id",
    "user",
    "userId",
    "account_name",
    "team_id",
)
"""Names under which gateways record whose call it was, the credential's holder before the person."""

BODY_ACCOUNTS = ("user", "safety_identifier", "metadata.user_id")
"""What the caller says about its own user: last, for a caller can change it with every call."""

CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key")
"""Headers that carry a key: RFC 9110, Anthropic, Azure, Google, LiteLLM. Only ever hashed."""

TIMES = (
    "started_at",
    "timestamp",
    "created_at",
    "start_time",
    "startTime",
    "request_time",
    "time",
    "ts",
    "@timestamp",
    "date",
)
CALL_IDS = ("call_id", "request_id", "requestId", "id", "trace_id", "x_request_id", "uuid")
ADDRESSES = (
    "client_address",
    "client_ip",
    "clientIp",
    "remote_addr",
    "remote_ip",
    "source_ip",
    "ip_address",
    "ip",
    "client.ip",
)
FINGERPRINTS = ("tls_fingerprint", "ja4", "tls.ja4", "tls_ja4", "client_ja4")


@dataclass(frozen=True)
class Exchange:
    """The two bodies, the request's headers in lower case, its path, and what surrounds them as columns."""

    request: Mapping[str, object]
    response: Mapping[str, object]
    headers: Mapping[str, object]
    path: str
    row: dict[str, object]


def read_exchange(document: Mapping[str, object]) -> Exchange:
    """Take a gateway's record apart. Never raises; what is missing is missing in the row."""
    outer, answer = mapping(document.get("request")), mapping(document.get("response"))
    request, response = _body(document.get("request")), _body(document.get("response"))
    headers = lower_keys(first(outer, "headers") or first(document, "request_headers", "headers"))
    path = text(outer, "path", "url", "uri") or text(document, "path", "endpoint", "url", "route", "uri") or ""
    row = {
        "call_id": text(document, *CALL_IDS) or text(headers, "x-request-id") or text(response, "id"),
        "account": _account(document, request, headers),
        "started_at": first(document, *TIMES) or first(outer, *TIMES) or first(response, "created", "created_at"),
        "client_address": _address(document, outer, headers),
        "client_asn": number(first(document, "client_asn", "asn", "client.asn")),
        "client_country": text(document, "client_country", "country", "client.country")
        or text(headers, "cf-ipcountry"),
        "user_agent": text(document, "user_agent", "userAgent") or text(headers, "user-agent"),
        "tls_fingerprint": text(document, *FINGERPRINTS) or text(headers, "x-ja4", "cf-ja4", "x-ja4-fingerprint"),
        "channel": text(document, "channel"),
        "duration_ms": _duration(document),
        "status": number(
            first(document, "status", "status_code", "response_status", "http_status")
            or first(answer, "status_code", "status")
        ),
    }
    return Exchange(request, response, headers, path, row)


def has_exchange(document: Mapping[str, object]) -> bool:
    """Tell whether a document has a request body with a model or a prompt in it."""
    body = _body(document.get("request"))
    return any(name in body for name in ("messages", "prompt", "input")) or ("model" in body and "response" in document)


def _body(part: object) -> Mapping[str, object]:
    """Return a body: as it is, under ``body``, as JSON text, or put together from the events of a stream."""
    outer = mapping(part)
    if "body" in outer and not any(k in outer for k in ("messages", "model", "choices")):
        part = outer["body"]
    if isinstance(part, str) and part.lstrip().startswith(("data:", "event:")):
        lines = (line[5:].strip() for line in part.splitlines() if line.startswith("data:"))
        part = [event for line in lines if (event := parse_json(line)) is not None]
    if isinstance(part, list) or (isinstance(part, str) and part.lstrip().startswith("[")):
        return merge_events(items(part))
    return mapping(part)


def merge_events(events: list[object]) -> Mapping[str, object]:
    """Put a streamed answer together from its events: later values win.

    Its text is left out, for it is never read.
    """
    whole: dict[str, object] = {}
    usage: dict[str, object] = {}
    for event in map(mapping, events):
        for part in (
            event,
            mapping(event.get("message")),
            mapping(event.get("response")),
            mapping(event.get("delta")),
        ):
            whole.update({k: v for k, v in part.items() if v is not None and k not in {"usage", "type", "delta"}})
            usage.update({k: v for k, v in mapping(part.get("usage")).items() if v is not None})
    return {**whole, "usage": usage}


def _account(
    document: Mapping[str, object], request: Mapping[str, object], headers: Mapping[str, object]
) -> str | None:
    recorded = text(document, *ACCOUNTS) or text(document.get("metadata"), *ACCOUNTS)
    if recorded:
        return hide_credential(recorded)
    credential = text(headers, *CREDENTIALS) or text(
        document, "api_key", "virtual_key", "authorization", "metadata.api_key"
    )
    return hash_credential(credential) or hide_credential(text(request, *BODY_ACCOUNTS))


def _address(document: Mapping[str, object], outer: Mapping[str, object], headers: Mapping[str, object]) -> str | None:
    """Return what the gateway saw before what a header claims; of a chain of proxies the first."""
    seen = text(document, *ADDRESSES) or text(outer, *ADDRESSES)
    claimed = text(headers, "cf-connecting-ip", "x-real-ip", "x-forwarded-for")
    return seen or (claimed.partition(",")[0].strip() if claimed else None)


def _duration(document: Mapping[str, object]) -> float | None:
    milliseconds = number(first(document, "duration_ms", "latency_ms", "response_time_ms", "elapsed_ms", "latency"))
    if milliseconds is not None:
        return round(milliseconds) if abs(milliseconds) < 2**53 else None
    seconds = number(get(document, "duration_seconds") or get(document, "response_time"))
    return round(seconds * 1_000) if seconds is not None and abs(seconds) < 2**40 else None
