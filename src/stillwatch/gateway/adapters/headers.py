"""Questions from the headers of a call, where a gateway passes them on: nginx, Envoy."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import orjson

from stillwatch.gateway.adapters.asks import ask_of
from stillwatch.gateway.adapters.exchange import credential_of
from stillwatch.gateway.nouns import Caller
from stillwatch.gateway.verdict import Question

CALL_ID = "x-request-id"
"""Envoy makes one for every call, nginx on request."""


def question_of(headers: Mapping[str, str], *, path: str, body: bytes = b"", account_header: str = "") -> Question:
    """Return the question about a call with these headers (names in lower case) and this body, if it was passed on.

    The account is the credential's, or what the gateway itself says in ``account_header``: never name a header there
    that callers can set.
    """
    told = headers.get(account_header) if account_header else None
    size = len(body) or _length(headers.get("content-length"))
    return Question(
        headers.get(CALL_ID) or uuid4().hex,
        ask_of(_body(body), path=path, size=size),
        Caller(told) if told else None,
        None if told else credential_of(headers),
    )


def _body(raw: bytes) -> Mapping[str, object]:
    try:
        document = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _length(value: str | None) -> int:
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else 0
