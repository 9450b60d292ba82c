"""OpenAI's completions: going on with a prompt, and scoring it (``echo`` with ``logprobs``).

A prompt is text or token ids, as in OpenAI's API reference (POST /v1/completions). Log-probabilities are its legacy
shape: ``tokens``, ``token_logprobs``, ``top_logprobs`` and ``text_offset``, the first token's being null. A token whose
text is not its own is named ``token_id:N``, as vLLM does with ``return_tokens_as_token_ids``.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from stillwatch_lab.server.refusal import Refusal, check_single, check_top
from stillwatch_lab.server.serving import Asked, Scored, Served, Shown, Word

DEFAULT_MAX_TOKENS = 16
"""OpenAI's."""


@dataclass(frozen=True)
class Continuing:
    """One checked request: what to go on with, and whether the prompt is said again with its scores."""

    asked: Asked
    echo: bool


def read_completion_request(served: Served, body: dict[str, Any]) -> Continuing:
    """Check a request. Raises Refusal with what is wrong with it."""
    if served.policy.reasoning is not Shown.FULL:
        raise Refusal(403, "completions: this host hides its model's reasoning, which a bare completion would show")
    check_single(body)
    top = check_top("logprobs", body.get("logprobs"))
    prompt = _prompt(served, body.get("prompt"))
    most = DEFAULT_MAX_TOKENS if body.get("max_tokens") is None else body["max_tokens"]
    echo = bool(body.get("echo"))
    try:
        asked = Asked(prompt, int(most), float(body.get("temperature", 1.0)), int(body.get("seed") or 0), top)
    except (TypeError, ValueError) as problem:
        raise Refusal(400, f"max_tokens, temperature and seed are numbers: {problem}") from None
    if asked.max_tokens < 0 or (asked.max_tokens == 0 and not echo):
        raise Refusal(400, "max_tokens: a number from 1, or from 0 with echo")
    room = served.it.room
    if len(prompt) + (not echo) > room:
        raise Refusal(400, f"prompt: {len(prompt)} tokens, and the model has room for {room}")
    return Continuing(asked, echo)


def _prompt(served: Served, given: object) -> tuple[int, ...]:
    if isinstance(given, str):
        given = served.it.tokenizer.encode(given, add_special_tokens=False)
    words = int(served.it.model.config.vocab_size)
    if not isinstance(given, list) or not given or not all(type(one) is int and 0 <= one < words for one in given):
        raise Refusal(400, f"prompt: one text, or one list of token ids below {words:,}, is wanted")
    return tuple(given)


def answer_completion(served: Served, wanted: Continuing) -> tuple[dict[str, Any], Scored, int]:
    """Go on, and score. Gives the body, what was said, and how many log-probabilities it has."""
    scored = served.go_on(wanted.asked, scored_prompt=wanted.echo)
    shown = wanted.asked.logprobs is not None and served.policy.top_logprobs > 0
    words = [*scored.prompt, *scored.said] if wanted.echo else scored.said
    logprobs = _logprobs(words, served, first_unknown=wanted.echo) if shown else None
    body = {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": served.name,
        "choices": [
            {
                "index": 0,
                "text": served.it.tokenizer.decode([word.token for word in words]),
                "logprobs": logprobs,
                "finish_reason": "stop" if scored.ended else "length",
            }
        ],
        "usage": {
            "prompt_tokens": len(wanted.asked.prompt),
            "completion_tokens": len(scored.said),
            "total_tokens": len(wanted.asked.prompt) + len(scored.said),
        },
    }
    entries = sum(1 + len(top or {}) for top in logprobs["top_logprobs"]) if logprobs else 0
    return body, scored, entries


def _logprobs(words: list[Word], served: Served, *, first_unknown: bool) -> dict[str, Any]:
    tokens = [word.token for word in words]
    offsets = [len(served.it.tokenizer.decode(tokens[:place])) for place in range(len(tokens))]
    values: list[float | None] = [word.logprob for word in words]
    tops: list[dict[str, float] | None] = [{served.label(t): p for t, p in word.top} for word in words]
    if first_unknown:  # nothing comes before it that could tell
        values[0], tops[0] = None, None
    return {
        "tokens": [served.label(word.token) for word in words],
        "token_logprobs": values,
        "top_logprobs": tops,
        "text_offset": offsets,
    }
