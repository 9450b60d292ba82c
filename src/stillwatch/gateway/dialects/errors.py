"""Errors as the two vendors write them, so that their clients raise what they would raise."""

from __future__ import annotations

import orjson

from stillwatch.gateway.dialects.shape import Refusal, Vendor

ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Error types by status (Anthropic API reference, "Errors"); other 5xx are api_error."""

OPENAI_TYPES = {401: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error"}
"""Error types by status (OpenAI API reference, "Error codes"); others: invalid_request_error, server_error."""

OPENAI_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


def error_body(vendor: Vendor, refusal: Refusal, call_id: str | None = None) -> bytes:
    """Return the JSON body of an error answer in the vendor's shape."""
    return orjson.dumps(error_object(vendor, refusal, call_id))


def error_object(vendor: Vendor, refusal: Refusal, call_id: str | None = None) -> dict[str, object]:
    """Return an error in the vendor's shape; ``url`` is ours, where there is something to do."""
    extra = {"url": refusal.url} if refusal.url else {}
    if vendor == "anthropic":
        kind = ANTHROPIC_TYPES.get(refusal.status) or ("api_error" if refusal.status >= 500 else ANTHROPIC_TYPES[400])
        named = {"code": refusal.code} if refusal.code else {}
        error = {"type": kind, "message": refusal.message, **named, **extra}
        return {"type": "error", "error": error, **({"request_id": call_id} if call_id else {})}
    kind = OPENAI_TYPES.get(refusal.status) or ("server_error" if refusal.status >= 500 else "invalid_request_error")
    code = refusal.code or OPENAI_CODES.get(refusal.status)
    return {"error": {"message": refusal.message, "type": kind, "param": None, "code": code, **extra}}
