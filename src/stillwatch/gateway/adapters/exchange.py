"""One HTTP exchange with the decision service, and how an adapter is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from stillwatch.gateway.decision_service import DecisionService


class BadRequest(Exception):  # noqa: N818  (answered with 400; nobody else sees it)
    """What the gateway sent is not what its adapter reads; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. Header names are lower case; of repeated ones the last counts."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    account_header: str = ""
    """The header in which the gateway itself names the account, from settings; empty = none is believed."""

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises BadRequest."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError as problem:
            raise BadRequest(f"the body is not JSON: {problem}") from None
        if not isinstance(document, dict):
            raise BadRequest("the body is not a JSON object")
        return document

    @property
    def credential(self) -> str | None:
        """The caller's credential, where OpenAI's and Anthropic's clients put it."""
        return credential_of(self.headers)


@dataclass(frozen=True, slots=True)
class Answered:
    """A response."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


Adapter = Callable[[DecisionService, Asked], Awaitable[Answered]]


def credential_of(headers: Mapping[str, str]) -> str | None:
    """Return the credential of a call: ``authorization: Bearer …``, else ``x-api-key``; None if it has none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return headers.get("x-api-key") or None


def as_json(document: Mapping[str, Any], status: int = 200, headers: list[tuple[str, str]] | None = None) -> Answered:
    """Return a JSON response."""
    return Answered(status, [("content-type", "application/json"), *(headers or [])], orjson.dumps(document))


def text_of(document: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first of these keys that holds some text."""
    return next((v for key in keys if isinstance(v := document.get(key), str) and v), None)
