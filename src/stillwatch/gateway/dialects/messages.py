"""``/v1/messages`` (Anthropic API reference, "Messages" and "Streaming messages")."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stillwatch.gateway.dialects.body import as_json, entries, flat, known, needles, part, switch, whole_number
from stillwatch.gateway.dialects.chat import DATA, payload
from stillwatch.gateway.dialects.errors import error_body
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, EventFilter, Refusal, Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.nouns import Ask

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's stop reasons in the call log's words, as ``ingest`` reads them."""

LEAST_THINKING = 1024
"""The smallest ``thinking.budget_tokens`` that the API accepts; it must also be below ``max_tokens``."""


class Messages(Dialect):
    """Thinking is a content block of its own."""

    name, vendor, path, operation = "messages", "anthropic", "/v1/messages", "chat"
    sensitive = needles("model", "messages", "system", "stream", "max_tokens", "thinking", "tools")

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Read ceiling, thinking and tools."""
        return Ask(
            model=model,
            operation=self.operation,
            stream=switch(body, "stream"),
            max_output_tokens=whole_number(body, "max_tokens", least=0),
            reasoning=part(body, "thinking").get("type") not in {None, "disabled"},
            tools=len(entries(body, "tools")),
            input_bytes=size,
        )

    def columns(self, body: Body) -> dict[str, object]:
        """Keep the messages as they came and the system text."""
        temperature = body.get("temperature")
        return known(
            {
                "messages": as_json(body.get("messages")),
                "system": flat(body.get("system")),
                "temperature": float(temperature) if isinstance(temperature, int | float) else None,
            }
        )

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Read the usage of a message, of ``message_start`` (input) or of ``message_delta`` (output).

        The output that ``message_start`` counts is what there is before the answer: it is no count of a broken-off one.
        """
        inner = answer.get("message")
        if not isinstance(inner, dict):
            return read_usage(answer.get("usage"))
        usage = read_usage(inner.get("usage"))
        if usage is not None:
            usage.output_tokens = None
        return usage

    def finish_reason(self, answer: Mapping[str, object]) -> str | None:
        """Read ``stop_reason``."""
        inner = answer.get("delta")
        reason = (inner if isinstance(inner, dict) else answer).get("stop_reason")
        return FINISH_REASONS.get(reason, reason) if isinstance(reason, str) else None

    def cap(self, body: Body, caps: Caps) -> Body:
        """Lower the ceiling, and the thinking budget with it; turn thinking off where it is withheld."""
        capped = dict(body)
        if caps.output_tokens is not None:
            asked = whole_number(body, "max_tokens", least=0)
            capped["max_tokens"] = min(caps.output_tokens if asked is None else asked, caps.output_tokens)
            capped = _fit_thinking(capped, caps.output_tokens)
        if caps.withhold_reasoning:
            capped.pop("thinking", None)
        return capped if capped != body else body

    def hide_reasoning(self, answer: Body) -> bool:
        """Take thinking blocks out of the content."""
        content = answer.get("content")
        if not isinstance(content, list):
            return False
        kept = [block for block in content if not _is_thinking(block)]
        answer["content"] = kept
        return len(kept) < len(content)

    def reasoning_filter(self) -> EventFilter | None:
        """Drop thinking blocks and their deltas."""
        return ThinkingFilter()

    def error_event(self, refusal: Refusal) -> bytes:
        """Write an ``error`` event."""
        return b"event: error\ndata: %s\n\n" % error_body("anthropic", refusal)


class ThinkingFilter(EventFilter):
    """Drops thinking blocks and closes the gap in later indices: clients append blocks and look them up by index."""

    marks = (b"thinking",)

    def __init__(self) -> None:
        self.hidden: set[int] = set()

    def __call__(self, event: bytes) -> bytes:
        """Return the event to pass on."""
        found = INDEX.search(event)
        if found is None:
            return event
        index = int(found[1])
        if index in self.hidden:
            return b""
        start = DATA.search(event) if b"content_block_start" in event else None
        if start and _is_thinking((payload(start[1]) or {}).get("content_block")):
            self.hidden.add(index)
            self.watching = True
            return b""
        return b"%s%d%s" % (event[: found.start(1)], index - len(self.hidden), event[found.end(1) :])


INDEX = re.compile(rb'"index"\s*:\s*(\d+)')
"""Of the block an event is about: the only raw ``"index"`` in a stream's events, for text in JSON is escaped."""


def _is_thinking(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") in {"thinking", "redacted_thinking"}


def _fit_thinking(body: Body, ceiling: int) -> Body:
    budget = part(body, "thinking").get("budget_tokens")
    if type(budget) is not int or budget < ceiling:
        return body
    if ceiling <= LEAST_THINKING:
        return {k: v for k, v in body.items() if k != "thinking"}
    return {**body, "thinking": {**part(body, "thinking"), "budget_tokens": ceiling - 1}}
