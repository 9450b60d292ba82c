"""Answers and refusals as TAXII writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

MEDIA_TYPE = "application/taxii+json;version=2.1"
STIX_MEDIA_TYPE = "application/stix+json;version=2.1"


class RefusedError(Exception):
    """The request is answered with this status and, as ``description``, this message; it gives nothing away."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers


@dataclass(frozen=True)
class Answer:
    """Status, body and headers of an answer; the body is JSON."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(resource: Any, *, status: int = 200) -> Answer:
    """Answer with a resource."""
    return Answer(status, orjson.dumps(resource))


def refusal(problem: RefusedError) -> Answer:
    """Answer with an error message resource (TAXII 2.1 section 3.6.1)."""
    title = HTTPStatus(problem.status).phrase
    body = {"title": title, "description": str(problem), "http_status": str(problem.status)}
    return Answer(problem.status, orjson.dumps(body), dict(problem.headers))
