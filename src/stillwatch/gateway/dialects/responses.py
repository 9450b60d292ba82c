"""``/v1/responses`` (OpenAI API reference, "Create a model response")."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from stillwatch.gateway.dialects.body import as_json, entries, flat, known, needles, part, switch, whole_number
from stillwatch.gateway.dialects.chat import DATA, payload
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, EventFilter, Refusal, Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.nouns import Ask

LOGPROBS = "message.output_text.logprobs"
ENCRYPTED_REASONING = "reasoning.encrypted_content"
"""Values of ``include``."""


class Responses(Dialect):
    """Answers are lists of items; reasoning is an item of its own. Work in the background is refused: see ``ask``."""

    name, path, operation = "responses", "/v1/responses", "chat"
    sensitive = needles(
        *("model", "input", "instructions", "stream", "max_output_tokens", "top_logprobs", "include", "reasoning"),
        *("tools", "background"),
    )

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Read what is asked. ``background`` is refused (400): its answer is fetched later, past every count here."""
        if switch(body, "background"):
            raise Refusal(400, "'background' is not available here; use 'stream'.", code="unsupported_parameter")
        return Ask(
            model=model,
            operation=self.operation,
            stream=switch(body, "stream"),
            max_output_tokens=whole_number(body, "max_output_tokens", least=1),
            logprobs=body.get("top_logprobs") is not None or LOGPROBS in entries(body, "include"),
            reasoning=bool(part(body, "reasoning")),
            tools=len(entries(body, "tools")),
            input_bytes=size,
        )

    def columns(self, body: Body) -> dict[str, object]:
        """Keep a text input as the prompt, a list as messages, and the instructions as the system text."""
        given, temperature = body.get("input"), body.get("temperature")
        return known(
            {
                "prompt": given if isinstance(given, str) else None,
                "messages": as_json(given) if isinstance(given, list) else None,
                "system": flat(body.get("instructions")),
                "temperature": float(temperature) if isinstance(temperature, int | float) else None,
            }
        )

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Read the usage of an answer, or of the answer inside an event."""
        inner = answer.get("response")
        return read_usage((inner if isinstance(inner, dict) else answer).get("usage"))

    def finish_reason(self, answer: Mapping[str, object]) -> str | None:
        """Read the status: completed is stop, as the call log says it."""
        inner = answer.get("response")
        whole = inner if isinstance(inner, dict) else answer
        if whole.get("status") == "completed":
            return "stop"
        why = whole.get("incomplete_details")
        reason = why.get("reason") if isinstance(why, dict) else whole.get("status")
        return {"max_output_tokens": "length"}.get(str(reason), str(reason)) if reason else None

    def cap(self, body: Body, caps: Caps) -> Body:
        """Lower the ceiling, drop log-probabilities, summaries and encrypted reasoning."""
        capped = dict(body)
        if caps.output_tokens is not None:
            ceiling = whole_number(body, "max_output_tokens", least=1) or caps.output_tokens
            capped["max_output_tokens"] = min(ceiling, caps.output_tokens)
        unwanted = set()
        if caps.strip_logprobs:
            capped.pop("top_logprobs", None)
            unwanted.add(LOGPROBS)
        if caps.withhold_reasoning:
            unwanted.add(ENCRYPTED_REASONING)
            hidden = {k: v for k, v in part(body, "reasoning").items() if k not in {"summary", "generate_summary"}}
            capped = {**capped, "reasoning": hidden} if body.get("reasoning") else capped
        if unwanted & set(map(str, entries(body, "include"))):
            capped["include"] = [i for i in entries(body, "include") if i not in unwanted]
        return capped if capped != body else body

    def hide_reasoning(self, answer: Body) -> bool:
        """Take reasoning items out of the output."""
        output = answer.get("output")
        if not isinstance(output, list):
            return False
        kept = [item for item in output if not _is_reasoning(item)]
        answer["output"] = kept
        return len(kept) < len(output)

    def reasoning_filter(self) -> EventFilter | None:
        """Drop reasoning items and their deltas."""
        return ResponsesReasoningFilter()

    def error_event(self, refusal: Refusal) -> bytes:
        """Write an ``error`` event."""
        says = {"type": "error", "code": refusal.code or "server_error", "message": refusal.message, "param": None}
        return b"event: error\ndata: %s\n\n" % orjson.dumps(says)


class ResponsesReasoningFilter(EventFilter):
    """Drops events about reasoning items, and those items from events that carry the whole answer.

    ``output_index`` of later items is left: clients find items by id, and a gap says honestly that one was withheld.
    """

    marks = (b'reasoning"', b"reasoning_")

    def __call__(self, event: bytes) -> bytes:
        """Return the event without reasoning."""
        found = DATA.search(event)
        if found is None:
            return event
        said = payload(found[1])
        if said is None or ".reasoning" in str(said.get("type")) or _is_reasoning(said.get("item")):
            return b""
        inner = said.get("response")
        if isinstance(inner, dict) and RESPONSES.hide_reasoning(inner):
            return b"event: %s\ndata: %s\n\n" % (str(said.get("type")).encode(), orjson.dumps(said))
        return event


def _is_reasoning(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "reasoning"


RESPONSES = Responses()
