"""The one request and the two answers of every measurement (sizes as in ``docs/gateway.md``)."""

from __future__ import annotations

import json

MODEL = "gpt-4o-mini"
KEY = "sw-bench0000000-0123456789abcdef0123456789abcdef01234567"
PATH = "/v1/chat/completions"

EVENTS = 23
"""Of one stream: a role, 20 words, the usage, and the end. One comes every 10 ms."""

ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": "x" * 780},
            }
        ],
        "usage": {"prompt_tokens": 260, "completion_tokens": 208, "total_tokens": 468},
    }
)
"""About 1,060 bytes."""


def ask(*, stream: bool) -> str:
    """Return the body of a call: about 1,040 bytes, a stream that asks for its usage."""
    body: dict[str, object] = {"model": MODEL, "messages": [{"role": "user", "content": "hello " * 155}]}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body)


def chunk(delta: dict[str, str], *, usage: dict[str, int] | None = None) -> bytes:
    """Return one event of a stream: about 220 bytes, as OpenAI writes them."""
    choices = [] if usage else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": MODEL}
    payload = {**head, "system_fingerprint": "fp_0123456789", "choices": choices, "usage": usage}
    return b"data: %s\n\n" % json.dumps(payload, separators=(",", ":")).encode()


def events() -> list[bytes]:
    """Return one stream."""
    words = [chunk({"content": "hello "}) for _ in range(EVENTS - 3)]
    usage = {"prompt_tokens": 260, "completion_tokens": 20, "total_tokens": 280}
    return [chunk({"role": "assistant", "content": ""}), *words, chunk({}, usage=usage), b"data: [DONE]\n\n"]
