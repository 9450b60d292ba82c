"""What of a model server's answer reaches the caller: never its redirects, our credential's fate or its limits."""

from __future__ import annotations

from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.exchange import Header
from stillwatch.gateway.upstream_connection import UpstreamConnection, UpstreamFailed

PASSED = frozenset(
    {
        b"cache-control",
        b"content-type",
        b"openai-processing-ms",
        b"openai-version",
        b"request-id",
        b"retry-after",
        b"retry-after-ms",
        b"x-request-id",
        b"x-should-retry",
    }
)
"""The headers callers' clients use. Hop-by-hop ones, cookies, and what names the operator's account or shows its own
limits are left out."""

STATUSES = {"connect": 502, "forbidden": 502, "reset": 502, "garbage": 502, "busy": 503, "timeout": 504}
"""By kind of failure (RFC 9110, section 15.6)."""

WORDS = {
    "busy": "The model server is busy; try again later.",
    "timeout": "The model server did not answer in time.",
}


def failed_upstream(failed: UpstreamFailed) -> Refusal:
    """Return the error a caller gets. Addresses and causes are for the log, not for the caller."""
    words = WORDS.get(failed.kind, "The model server cannot be reached or gave no proper answer.")
    retry_after = 1.0 if failed.kind == "busy" else None
    return Refusal(STATUSES[failed.kind], words, code=f"upstream_{failed.kind}", retry_after=retry_after)


def check_status(upstream: UpstreamConnection) -> None:
    """Raise Refusal for an answer that is between the gateway and the model server alone."""
    status = upstream.status
    if status < 300:
        encoding = find(upstream.headers, b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            raise Refusal(502, "The model server compressed its answer though asked not to.", code="upstream_garbage")
    elif status < 400:
        raise Refusal(502, "The model server sent a redirect; none is followed.", code="upstream_redirect")
    elif status in {401, 403, 407}:
        raise Refusal(502, "The model server refused the gateway's own credential.", code="upstream_credential")
    elif status == 429:
        raise Refusal(
            429,
            "The model server is at its limit; try again later.",
            code="upstream_rate_limited",
            retry_after=_seconds(find(upstream.headers, b"retry-after")),
        )


def answer_headers(upstream: UpstreamConnection) -> list[Header]:
    """Return the headers that are passed on."""
    return [header for header in upstream.headers if header[0] in PASSED]


def is_event_stream(upstream: UpstreamConnection) -> bool:
    """Tell whether the answer is a stream of events."""
    kind = find(upstream.headers, b"content-type")
    return kind is not None and kind.lower().startswith(b"text/event-stream")


def find(headers: list[Header], name: bytes) -> bytes | None:
    """Return the first value of a header; None if it is not there."""
    return next((value for key, value in headers if key == name), None)


def _seconds(value: bytes | None) -> float:
    """Return a ``retry-after`` in seconds; 1 where it is missing or a date."""
    try:
        return max(float(value or 1), 0.0)
    except ValueError:
        return 1.0
