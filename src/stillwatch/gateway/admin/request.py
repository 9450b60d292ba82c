"""One request to the admin API, and the refusals that answer it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.gateway.directory.times import read_end

DEFAULT_PAGE = 100
MAX_PAGE = 1000
"""Rows of one answer: about 300 KB of JSON."""


class RefusedError(Exception):
    """The request is answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What a handler needs: the names in the path, the query, the JSON body, who says to be asking, and when."""

    names: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    by: str = "admin API"
    now: float = 0.0

    def text(self, name: str, default: str | None = None) -> str:
        """Return a member of the body that must be text. Raises RefusedError."""
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise RefusedError(400, f"{name}: missing or not text; send it in the JSON body")
        return value

    def end(self, name: str = "expires_at") -> float | None:
        """Return when something ends, as seconds since 1970; None if the body does not say."""
        value = self.body.get(name)
        return None if value is None else read_end(self.text(name), now=self.now)

    def only(self, *names: str) -> None:
        """Refuse a body with other members: a misspelt one must not be taken for its absence."""
        strangers = sorted(set(self.body) - set(names))
        if strangers:
            raise RefusedError(400, f"no such member: {', '.join(strangers)}; known: {', '.join(names) or 'none'}")

    def page(self) -> tuple[str, int]:
        """Return after which name, and how many rows, the query asks for."""
        most = self.query.get("most", str(DEFAULT_PAGE))
        if not (re.fullmatch(r"[0-9]{1,4}", most) and 1 <= int(most) <= MAX_PAGE):
            raise RefusedError(400, f"most: not a number from 1 to {MAX_PAGE}")
        return self.query.get("after", ""), int(most)
