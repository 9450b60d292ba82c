"""OpenAI's chat completions and completions over a served model, as an ASGI application."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stillwatch_lab.server.completions import answer_completion, read_completion_request
from stillwatch_lab.server.refusal import Refusal, check_single, check_top
from stillwatch_lab.server.serving import Asked, Said, Served, Shown, Word

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
LARGEST_BODY = 1 << 20


def make_app(served: Served) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Serve ``/v1/chat/completions``, ``/v1/completions``, ``/v1/models`` and ``/healthz``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        try:
            status, body = 200, await _route(served, scope, receive)
        except Refusal as refusal:
            status, body = refusal.status, {"error": {"message": str(refusal), "type": "invalid_request_error"}}
        await _reply(send, status, body)

    return app


async def _route(served: Served, scope: Scope, receive: Receive) -> dict[str, Any]:
    match scope["method"], scope["path"]:
        case "GET", "/healthz":
            return {"status": "ok"}
        case "GET", "/v1/models":
            return {"object": "list", "data": [{"id": served.name, "object": "model", "owned_by": "stillwatch-lab"}]}
        case "POST", "/v1/chat/completions":
            body = await _read(receive)
            asked = read_request(served, body)
            said = await asyncio.to_thread(served.answer, asked)
            completion = write_completion(served, asked, said)
            served.ledger.count(_key(scope), said.prompt_tokens, said.completion_tokens, _entries(completion))
            return completion
        case "POST", "/v1/completions":
            wanted = read_completion_request(served, await _read(receive))
            continued, scored, entries = await asyncio.to_thread(answer_completion, served, wanted)
            served.ledger.count(_key(scope), len(wanted.asked.prompt), len(scored.said), entries)
            return continued
    raise Refusal(
        404,
        f"{scope['method']} {scope['path']}: not served here; there is POST /v1/chat/completions and /v1/completions",
    )


def read_request(served: Served, body: dict[str, Any]) -> Asked:
    """Check a request. Raises Refusal with what is wrong with it."""
    check_single(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(_is_message(m) for m in messages):
        raise Refusal(400, "messages: a list of objects with role and content (text) is wanted")
    top = check_top("top_logprobs", body.get("top_logprobs", 0)) if body.get("logprobs") else None
    prompt = served.encode(messages)
    longest = body.get("max_completion_tokens") or body.get("max_tokens") or 512
    room = served.it.room
    if len(prompt) >= room:
        raise Refusal(400, f"messages: {len(prompt)} tokens, and the model has room for {room}")
    try:
        return Asked(prompt, int(longest), float(body.get("temperature", 1.0)), int(body.get("seed") or 0), top)
    except (TypeError, ValueError) as problem:
        raise Refusal(400, f"max_tokens, temperature and seed are numbers: {problem}") from None


def write_completion(served: Served, asked: Asked, said: Said) -> dict[str, Any]:
    """Write the answer as far as the policy shows it. Hidden reasoning is paid for and not seen."""
    message: dict[str, Any] = {"role": "assistant", "content": _join(said.answer)}
    full = served.policy.reasoning is Shown.FULL
    if full:
        message["reasoning_content"] = _join(said.reasoning)
    logprobs = None
    if asked.logprobs is not None and served.policy.top_logprobs:
        logprobs = {"content": [_scored(served, word) for word in said.answer]}
        if full:
            logprobs["reasoning_content"] = [_scored(served, word) for word in said.reasoning]
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": served.name,
        "choices": [
            {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop" if said.ended else "length"}
        ],
        "usage": {
            "prompt_tokens": said.prompt_tokens,
            "completion_tokens": said.completion_tokens,
            "total_tokens": said.prompt_tokens + said.completion_tokens,
            "completion_tokens_details": {"reasoning_tokens": len(said.reasoning)},
        },
    }


def _scored(served: Served, word: Word) -> dict[str, Any]:
    top = [_named(served.text(token), logprob) for token, logprob in word.top]
    return _named(word.text, word.logprob) | {"top_logprobs": top}


def _named(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _join(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def _entries(completion: dict[str, Any]) -> int:
    scored = completion["choices"][0]["logprobs"] or {}
    return sum(1 + len(place["top_logprobs"]) for places in scored.values() for place in places)


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("content"), str) and isinstance(value.get("role"), str)


def _key(scope: Scope) -> str:
    headers = {name.lower(): value for name, value in scope["headers"]}
    sent = str(headers.get(b"authorization", b"").decode("latin-1"))
    return sent.removeprefix("Bearer ")[:8] or "none"


async def _read(receive: Receive) -> dict[str, Any]:
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise Refusal(413, f"more than {LARGEST_BODY:,} bytes")
        if not part.get("more_body"):
            break
    try:
        found = json.loads(body)
    except ValueError as problem:
        raise Refusal(400, f"the body is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Refusal(400, "the body is not a JSON object")
    return found


async def _reply(send: Send, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _live(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
