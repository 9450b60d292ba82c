"""A request that is answered with an error status, and the checks that requests share."""

from __future__ import annotations

from typing import Any

MOST_TOP_LOGPROBS = 20
"""OpenAI's limit for chat completions; for completions it is 5, and vLLM and SGLang give more, as we do."""


class Refusal(Exception):  # noqa: N818 - an ordinary outcome, named after what happened
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_single(body: dict[str, Any]) -> None:
    """Refuse streams and several answers."""
    if body.get("stream"):
        raise Refusal(400, "stream: this server answers whole; leave it out")
    if body.get("n", 1) != 1:
        raise Refusal(400, "n: one answer a request")


def check_top(name: str, top: object) -> int | None:
    """Check how many of the likeliest tokens are wanted. Raises Refusal for what is no such number."""
    if top is None:
        return None
    if isinstance(top, bool) or not isinstance(top, int) or not 0 <= top <= MOST_TOP_LOGPROBS:
        raise Refusal(400, f"{name}: a whole number up to {MOST_TOP_LOGPROBS} is wanted")
    return top
