"""OpenAI's answers, whole and as events (OpenAI API reference: chat completions, completions, responses)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from stillwatch.gateway.standin.script import Script

Json = dict[str, Any]


def usage(script: Script, n: int = 1) -> Json:
    """Return chat's usage over all samples."""
    written = script.output_tokens * n
    return {
        "prompt_tokens": script.input_tokens,
        "completion_tokens": written,
        "total_tokens": script.input_tokens + written,
        "completion_tokens_details": {"reasoning_tokens": len(script.thoughts) * n},
    }


def finish(script: Script) -> str:
    """Return chat's finish reason."""
    return "tool_calls" if script.tool else "length" if script.is_cut else "stop"


def logprobs(body: Json, words: tuple[str, ...]) -> Json | None:
    """Return log-probabilities for every word, where they are asked for."""
    if not body.get("logprobs"):
        return None
    return {"content": [{"token": w, "logprob": -0.1, "bytes": None, "top_logprobs": []} for w in words]}


def chat(body: Json, script: Script) -> Json:
    """Return a chat completion."""
    message: Json = {"role": "assistant", "content": None if script.tool else "".join(script.words)}
    if script.thoughts:
        message["reasoning_content"] = "".join(script.thoughts)
    if script.tool:
        message["tool_calls"] = [_tool_call(script)]
    n = body.get("n") or 1
    choice = {"finish_reason": finish(script), "message": message, "logprobs": logprobs(body, script.words)}
    return {
        **_head(body, "chat.completion"),
        "choices": [{"index": i, **choice} for i in range(n)],
        "usage": usage(script, n),
    }


def chat_events(body: Json, script: Script) -> Iterator[bytes]:
    """Yield a chat completion as events."""
    head, n = _head(body, "chat.completion.chunk"), body.get("n") or 1
    shown = (body.get("stream_options") or {}).get("include_usage")
    extra = {"usage": None} if shown else {}

    def chunk(delta: Json, reason: str | None = None, **more: object) -> Iterator[bytes]:
        for i in range(n):
            choice = {"index": i, "delta": delta, "logprobs": None, "finish_reason": reason, **more}
            yield _event({**head, "choices": [choice], **extra})

    yield from chunk({"role": "assistant", "content": ""})
    for thought in script.thoughts:
        yield from chunk({"reasoning_content": thought})
    if script.tool:
        yield from chunk({"tool_calls": [{"index": 0, **_tool_call(script)}]})
    for word in () if script.tool else script.words:
        yield from chunk({"content": word}, logprobs=logprobs(body, (word,)))
    yield from chunk({}, finish(script))
    if shown:
        yield _event({**head, "choices": [], "usage": usage(script, n)})
    yield b"data: [DONE]\n\n"


def completion(body: Json, script: Script) -> Json:
    """Return a completion, one choice for each prompt and sample."""
    n = (body.get("n") or 1) * (len(body["prompt"]) if isinstance(body.get("prompt"), list) else 1)
    choice = {"finish_reason": finish(script), "text": "".join(script.words), "logprobs": None}
    return {
        **_head(body, "text_completion"),
        "choices": [{"index": i, **choice} for i in range(n)],
        "usage": usage(script, n),
    }


def completion_events(body: Json, script: Script) -> Iterator[bytes]:
    """Yield a completion as events."""
    head = _head(body, "text_completion")
    for word in script.words:
        yield _event({**head, "choices": [{"index": 0, "text": word, "logprobs": None, "finish_reason": None}]})
    yield _event({**head, "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": finish(script)}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": usage(script)})
    yield b"data: [DONE]\n\n"


def embeddings(body: Json, script: Script) -> Json:
    """Return one short vector for each input."""
    given = body.get("input")
    count = len(given) if isinstance(given, list) and given and not isinstance(given[0], int) else 1
    data = [{"object": "embedding", "index": i, "embedding": [0.1, 0.2, 0.3]} for i in range(count)]
    counted = {"prompt_tokens": script.input_tokens, "total_tokens": script.input_tokens}
    return {"object": "list", "model": body.get("model"), "data": data, "usage": counted}


def _head(body: Json, kind: str) -> Json:
    return {"id": "chatcmpl-standin", "object": kind, "created": 1_700_000_000, "model": body.get("model")}


def _tool_call(script: Script) -> Json:
    name, arguments = script.tool or ("", "")
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def _event(payload: Json) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(payload)
