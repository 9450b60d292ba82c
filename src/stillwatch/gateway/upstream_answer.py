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
        return
    if status < 400:
        raise Refusal(502, "The model server sent a redirect; none is followed.", code="upstream_redirect")
    if status in {401, 403, 407}:
        raise Refusal(502, "The model server refused the gateway's own credential.", code="upstream_credential")
    if status == 429:
        raise Refusal(
            429,
            "The model server is at its limit; try again later.",
            code="upstream_rate_limited",
            retry_after=_seconds(find(upstream.headers, b"retry-after")),
        )


def read_headers(upstream: UpstreamConnection) -> tuple[list[Header], bool]:
    """Return the headers that are passed on, and whether the answer is a stream of events.

    Raises Refusal for a compressed answer: its usage could not be read.
    """
    passed: list[Header] = []
    is_stream = False
    for header in upstream.headers:
        name, value = header
        if name in PASSED:
            passed.append(header)
            if name == b"content-type":
                is_stream = upstream.status < 300 and value[:17].lower() == b"text/event-stream"
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise Refusal(502, "The model server compressed its answer though asked not to.", code="upstream_garbage")
    return passed, is_stream


def find(headers: list[Header], name: bytes) -> bytes | None:
    """Return the first value of a header; None if it is not there."""
    return next((value for key, value in headers if key == name), None)


def _seconds(value: bytes | None) -> float:
    """Return a ``retry-after`` in seconds; 1 where it is missing or a date."""
    try:
        return max(float(value or 1), 0.0)
    except ValueError:
        return 1.0
