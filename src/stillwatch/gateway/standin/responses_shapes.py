"""Answers of OpenAI's responses API, whole and as events (OpenAI API reference, "Streaming events")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from stillwatch.gateway.standin.script import Script

Json = dict[str, Any]


def response(body: Json, script: Script) -> Json:
    """Return a response: reasoning first, then a tool call or a message."""
    reason = {"reason": "max_output_tokens"} if script.is_cut else None
    counted = {
        "input_tokens": script.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": script.output_tokens,
        "output_tokens_details": {"reasoning_tokens": len(script.thoughts)},
        "total_tokens": script.input_tokens + script.output_tokens,
    }
    status = "incomplete" if script.is_cut else "completed"
    return {**_head(body, status), "incomplete_details": reason, "output": list(_items(script)), "usage": counted}


def events(body: Json, script: Script) -> Iterator[bytes]:
    """Yield a response as events."""
    whole = response(body, script)
    numbers = iter(range(1_000_000_000))

    def event(kind: str, **fields: object) -> bytes:
        payload = {"type": kind, "sequence_number": next(numbers), **fields}
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(payload))

    yield event("response.created", response={**_head(body, "in_progress"), "output": [], "usage": None})
    for at, item in enumerate(whole["output"]):
        yield event("response.output_item.added", output_index=at, item={**item, "content": []})
        place = {"item_id": item["id"], "output_index": at, "content_index": 0}
        if item["type"] == "reasoning":
            for thought in script.thoughts:
                yield event("response.reasoning_summary_text.delta", summary_index=0, delta=thought, **place)
        if item["type"] == "message":
            part = {"type": "output_text", "text": "", "annotations": []}
            yield event("response.content_part.added", part=part, **place)
            for word in script.words:
                yield event("response.output_text.delta", delta=word, logprobs=[], **place)
            yield event("response.output_text.done", text="".join(script.words), logprobs=[], **place)
        yield event("response.output_item.done", output_index=at, item=item)
    yield event(f"response.{whole['status']}", response=whole)


def _items(script: Script) -> Iterator[Json]:
    if script.thoughts:
        text = "".join(script.thoughts)
        yield {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}
    if script.tool:
        name, arguments = script.tool
        call = {"name": name, "arguments": arguments, "call_id": "call_1", "status": "completed"}
        yield {"id": "fc_1", "type": "function_call", **call}
        return
    part = {"type": "output_text", "text": "".join(script.words), "annotations": [], "logprobs": []}
    yield {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _head(body: Json, status: str) -> Json:
    return {
        "id": "resp_standin",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "model": body.get("model"),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
