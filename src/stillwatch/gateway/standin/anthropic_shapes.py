"""Anthropic's answers, whole and as events (Anthropic API reference: messages, streaming messages)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from stillwatch.gateway.standin.script import Script

Json = dict[str, Any]


def message(body: Json, script: Script) -> Json:
    """Return a message: thinking first, then a tool call or text."""
    counted = {"input_tokens": script.input_tokens, "output_tokens": script.output_tokens}
    return {**_head(body), "content": list(_blocks(script)), "stop_reason": _reason(script), "usage": counted}


def events(body: Json, script: Script) -> Iterator[bytes]:
    """Yield a message as events."""
    counted = {"input_tokens": script.input_tokens, "output_tokens": 1}
    yield _event("message_start", message={**_head(body), "content": [], "stop_reason": None, "usage": counted})
    for at, block in enumerate(_blocks(script)):
        yield _event("content_block_start", index=at, content_block={**block, **_empty(block)})
        for delta in _deltas(block, script):
            yield _event("content_block_delta", index=at, delta=delta)
        yield _event("content_block_stop", index=at)
        if at == 0:
            yield _event("ping")
    ended = {"stop_reason": _reason(script), "stop_sequence": None}
    yield _event("message_delta", delta=ended, usage={"output_tokens": script.output_tokens})
    yield _event("message_stop")


def count(script: Script) -> Json:
    """Return a token count."""
    return {"input_tokens": script.input_tokens}


def _blocks(script: Script) -> Iterator[Json]:
    if script.thoughts:
        yield {"type": "thinking", "thinking": "".join(script.thoughts), "signature": "c2lnbmVk"}
    if script.tool:
        name, arguments = script.tool
        yield {"type": "tool_use", "id": "toolu_1", "name": name, "input": orjson.loads(arguments)}
        return
    yield {"type": "text", "text": "".join(script.words)}


def _empty(block: Json) -> Json:
    return {k: type(v)() for k, v in block.items() if k in {"thinking", "signature", "text", "input"}}


def _deltas(block: Json, script: Script) -> Iterator[Json]:
    if block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": thought} for thought in script.thoughts)
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "tool_use":
        yield {"type": "input_json_delta", "partial_json": orjson.dumps(block["input"]).decode()}
    else:
        yield from ({"type": "text_delta", "text": word} for word in script.words)


def _reason(script: Script) -> str:
    return "tool_use" if script.tool else "max_tokens" if script.is_cut else "end_turn"


def _head(body: Json) -> Json:
    return {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "stop_sequence": None,
    }


def _event(kind: str, **fields: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
