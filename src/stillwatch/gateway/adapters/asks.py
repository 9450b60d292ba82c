"""Asks read from request bodies of any API shape, where the gateway in front has accepted the body already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.gateway.nouns import Ask

CEILINGS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
"""OpenAI's chat, OpenAI's responses, Anthropic's and the older OpenAI name."""
MOST_SAMPLES = 128
"""OpenAI's documented ceiling of ``n``: what is above cannot be served."""
OPERATIONS = {
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
}
"""Paths that are not chat, by their end."""


def ask_of(body: Mapping[str, Any], *, path: str = "", size: int = 0) -> Ask:
    """Return what a body asks for. What is absent or of a wrong type is not asked for; never raises."""
    ceilings = [value for key in CEILINGS if (value := whole(body.get(key))) is not None]
    samples = [whole(body.get(key)) or 1 for key in ("n", "best_of")]
    return Ask(
        model=str(body.get("model") or ""),
        operation=next((name for end, name in OPERATIONS.items() if path.partition("?")[0].endswith(end)), "chat"),
        stream=body.get("stream") is True,
        max_output_tokens=max(ceilings, default=None),
        n=min(max(1, *samples), MOST_SAMPLES),
        logprobs=_asks_logprobs(body),
        reasoning=_asks_reasoning(body),
        tools=sum(len(given) for key in ("tools", "functions") if isinstance(given := body.get(key), list)),
        input_bytes=size,
    )


def whole(value: object) -> int | None:
    """Return a whole number of at least 0; None for anything else."""
    return value if type(value) is int and value >= 0 else None


def _asks_logprobs(body: Mapping[str, Any]) -> bool:
    """``logprobs`` is true or false in chat, a number in completions, where 0 asks too."""
    wish = body.get("logprobs")
    if wish is not None and wish is not False:
        return True
    included = body.get("include")
    listed = isinstance(included, list) and any("logprobs" in str(part) for part in included)
    return listed or body.get("top_logprobs") is not None or body.get("prompt_logprobs") is not None


def _asks_reasoning(body: Mapping[str, Any]) -> bool:
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") != "disabled":
        return True
    effort = body.get("reasoning_effort")
    return (effort is not None and effort != "none") or bool(body.get("reasoning"))
