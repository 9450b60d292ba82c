"""One OpenAI-compatible server: requests, patience, and errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from stillwatch_lab.errors import EndpointError

ATTEMPTS = 8
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
"""Doubled from the first to the longest: about two minutes in all before a server is given up."""
TRY_LATER = {408, 409, 429, 500, 502, 503, 504}
"""What OpenAI's own client tries again."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served, under which name, and one key for it: limits are waited for, not got around."""

    url: str
    """Up to and with ``/v1``."""
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_seconds: float = 600.0
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        client = httpx.Client(headers=headers, timeout=self.timeout_seconds, transport=self.transport)
        object.__setattr__(self, "_client", client)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post to ``path`` with the model's name; wait and try again where the server asks for it.

        Raises EndpointError if it refuses, does not answer, or answers with something else than a JSON object.
        """
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._client.post(f"{self.url.rstrip('/')}/{path}", json={"model": self.model, **body})
            except httpx.HTTPError as problem:
                trouble = f"does not answer: {problem or type(problem).__name__}"
            else:
                if response.status_code not in TRY_LATER:
                    return self._read(response)
                trouble = f"answers {response.status_code}: {response.text[:200]}"
                wait = max(wait, _asked_wait(response))
            if attempt < ATTEMPTS:
                self.sleep(min(wait, LONGEST_WAIT_SECONDS))
                wait *= 2
        raise EndpointError(
            f"{self.url} {trouble}; given up after {ATTEMPTS} attempts. The same command goes on from here"
        )

    def close(self) -> None:
        """Give up the connections that are kept open between requests."""
        self._client.close()

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code != httpx.codes.OK:
            raise EndpointError(f"{self.url} refuses with {response.status_code}: {response.text[:500]}")
        try:
            answer = response.json()
            if not answer["choices"]:
                raise EndpointError(f"{self.url} answers without a choice: {response.text[:200]}")
        except (ValueError, KeyError, TypeError) as problem:
            raise EndpointError(f"{self.url} does not answer as OpenAI's API: {response.text[:200]}") from problem
        found: dict[str, Any] = answer
        return found


def _asked_wait(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("retry-after", 0))
    except ValueError:  # a date: the doubling will do
        return 0.0
