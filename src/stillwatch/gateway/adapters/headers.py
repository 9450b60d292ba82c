"""Questions from the headers of a call, where a gateway passes them on: nginx, Envoy."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import orjson

from stillwatch.gateway.adapters.asks import ask_of
from stillwatch.gateway.adapters.exchange import credential_of
from stillwatch.gateway.dialects.body import read_object
from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.dialects.table import DIALECTS
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.verdict import Question, Verdict

CALL_ID = "x-request-id"
"""Envoy makes one for every call, nginx on request."""


def question_of(headers: Mapping[str, str], *, path: str, body: bytes = b"", account_header: str = "") -> Question:
    """Return the question about a call with these headers (names in lower case) and this body, if it was passed on.

    The account is the credential's, or what the gateway itself says in ``account_header``: never name a header there
    that callers can set. Raises Refusal (400) for a body that servers could read in two ways (``dialects/body.py``).
    """
    told = headers.get(account_header) if account_header else None
    size = len(body) or _length(headers.get("content-length"))
    return Question(
        headers.get(CALL_ID) or uuid4().hex,
        _ask(body, path.partition("?")[0], size),
        Caller(told) if told else None,
        None if told else credential_of(headers),
    )


def refused(refusal: Refusal) -> Verdict:
    """Return the verdict on a call whose body is refused before anybody is asked."""
    return Verdict("", refusal.status, code=refusal.code, message=refusal.message)


def _ask(raw: bytes, path: str, size: int) -> Ask:
    dialect = DIALECTS.get(path)
    if dialect is None or not raw:
        return ask_of(_any_object(raw), path=path, size=size)
    body = read_object(raw, dialect.sensitive)
    return dialect.ask(body, str(body.get("model") or ""), size)


def _any_object(raw: bytes) -> Mapping[str, object]:
    try:
        document = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _length(value: str | None) -> int:
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else 0
