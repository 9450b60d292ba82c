"""``/v1/chat/completions`` (OpenAI API reference, "Create chat completion"), also of OpenAI-compatible servers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from stillwatch.gateway.dialects.body import as_json, entries, needles, part, switch, whole_number
from stillwatch.gateway.dialects.errors import error_body
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, EventFilter, Refusal, Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.nouns import Ask

MOST_SAMPLES = 128
"""OpenAI's documented ceiling of ``n``."""

CEILINGS = ("max_completion_tokens", "max_tokens")
LOGPROBS = ("logprobs", "top_logprobs", "prompt_logprobs")
"""``prompt_logprobs`` is vLLM's: probabilities of the prompt's own tokens."""

SHOWN_REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""Where OpenAI-compatible servers put visible reasoning: DeepSeek and vLLM; newer vLLM and OpenRouter; OpenRouter."""

UNREASONED = frozenset({None, "none"})

Answer = Mapping[str, object]


class Chat(Dialect):
    """``/v1/chat/completions`` (OpenAI API reference, "Create chat completion"), and the base of its relatives."""

    name, path, operation = "chat", "/v1/chat/completions", "chat"
    sensitive = needles(
        "model", "messages", "n", "best_of", "stream", "stream_options", "tools", "functions", *CEILINGS, *LOGPROBS
    )

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Read samples, ceiling, log-probabilities, reasoning and tools."""
        reasons = body.get("reasoning_effort") not in UNREASONED or (
            "reasoning" in body and bool(part(body, "reasoning"))
        )
        return Ask(
            model,
            self.operation,
            "stream" in body and switch(body, "stream"),
            _ceiling(body),
            self.samples(body),
            _asks_logprobs(body),
            reasons,
            (len(entries(body, "tools")) if "tools" in body else 0)
            or (len(entries(body, "functions")) if "functions" in body else 0),
            size,
        )

    def samples(self, body: Body) -> int:
        """Return how many answers are generated, also those that ``best_of`` throws away."""
        if "n" not in body and "best_of" not in body:
            return 1
        n = whole_number(body, "n", least=1, most=MOST_SAMPLES) or 1
        return max(n, whole_number(body, "best_of", least=1, most=MOST_SAMPLES) or 1)

    def columns(self, body: Body) -> dict[str, object]:
        """Keep the messages as they came."""
        row: dict[str, object] = {"messages": as_json(body.get("messages"))}
        if "temperature" in body:
            row["temperature"] = _temperature(body)
        return row

    def usage(self, answer: Answer) -> Usage | None:
        """Read ``usage``."""
        return read_usage(answer.get("usage"))

    def finish_reason(self, answer: Answer) -> str | None:
        """Read the first choice's reason."""
        choices = answer.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        reason = first.get("finish_reason") if isinstance(first, dict) else None
        return reason if isinstance(reason, str) else None

    def asks_usage(self, body: Body) -> bool:
        """Usage comes on streams only with ``stream_options.include_usage``."""
        return switch(part(body, "stream_options"), "include_usage")

    def cap(self, body: Body, caps: Caps) -> Body:
        """Lower ``n`` and the ceilings, drop log-probabilities and the wish to see reasoning."""
        capped = dict(body)
        if caps.n is not None:
            capped.update({key: caps.n for key in ("n", "best_of") if _number(body.get(key), 1) > caps.n})
        if caps.output_tokens is not None:
            given = [key for key in CEILINGS if body.get(key) is not None] or [self.own_ceiling]
            capped.update({key: min(_number(body.get(key), caps.output_tokens), caps.output_tokens) for key in given})
        if caps.strip_logprobs:
            capped = {k: v for k, v in capped.items() if k not in LOGPROBS}
        if caps.withhold_reasoning:
            capped.pop("include_reasoning", None)
        return capped if capped != body else body

    own_ceiling = "max_completion_tokens"
    """Where a ceiling is written that the caller did not give."""

    def hide_reasoning(self, answer: Body) -> bool:
        """Take visible reasoning out of every choice's message."""
        choices = answer.get("choices")
        messages = [c.get("message") for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
        return any([_drop_reasoning(m) for m in messages])  # noqa: C419  (every one, not the first)

    def reasoning_filter(self) -> EventFilter | None:
        """Drop reasoning deltas."""
        return ChatReasoningFilter()

    def error_event(self, refusal: Refusal) -> bytes:
        """Write the error as the clients expect it inside a stream: an event with ``error``."""
        return b"data: %s\n\n" % error_body("openai", refusal)


class ChatReasoningFilter(EventFilter):
    """Takes reasoning out of the deltas; an event that held nothing else is dropped."""

    marks = (b'"reasoning',)

    def __call__(self, event: bytes) -> bytes:
        """Return the event without reasoning."""
        found = DATA.search(event)
        if found is None:
            return event
        chunk = payload(found[1])
        if chunk is None:
            return b""
        given = chunk.get("choices")
        choices = [c for c in given if isinstance(c, dict)] if isinstance(given, list) else []
        deltas = [c.get("delta") for c in choices]
        if not any([_drop_reasoning(d) for d in deltas]):  # noqa: C419  (every one, not the first)
            return event
        says_nothing = not any(deltas) and not any(c.get("finish_reason") for c in choices)
        return b"" if says_nothing and not chunk.get("usage") else b"data: %s\n\n" % orjson.dumps(chunk)


DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)
"""The payload of an event (WHATWG HTML, "Server-sent events"); APIs write one line of it."""


def payload(data: bytes) -> Body | None:
    """Return an event's JSON object; None if it is none: an event that cannot be read cannot be passed by a filter."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


def _drop_reasoning(holder: object) -> bool:
    if not isinstance(holder, dict):
        return False
    gone = [key for key in SHOWN_REASONING if holder.pop(key, None) is not None]
    return bool(gone)


def _ceiling(body: Body) -> int | None:
    new = whole_number(body, "max_completion_tokens", least=0) if "max_completion_tokens" in body else None
    old = whole_number(body, "max_tokens", least=0) if "max_tokens" in body else None
    return new if old is None else old if new is None else max(new, old)


def _asks_logprobs(body: Body) -> bool:
    """``logprobs`` is true or false in chat, a number in completions, where 0 asks too."""
    wish = body.get("logprobs")
    if wish is not None and wish is not False:
        return True
    return body.get("top_logprobs") is not None or body.get("prompt_logprobs") is not None


def _temperature(body: Body) -> float | None:
    value = body.get("temperature")
    return float(value) if type(value) in {int, float} else None  # type: ignore[arg-type]


def _number(value: object, otherwise: int) -> int:
    return value if type(value) is int else otherwise
