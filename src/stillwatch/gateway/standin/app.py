"""The stand-in as a raw ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson

from stillwatch.gateway.exchange import Message
from stillwatch.gateway.standin import anthropic_shapes, openai_shapes, responses_shapes
from stillwatch.gateway.standin.prompts import ceiling_of, prompt_of, tools_of
from stillwatch.gateway.standin.script import Script, read_script

Json = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

WHOLE: dict[str, Callable[[Json, Script], Json]] = {
    "/v1/chat/completions": openai_shapes.chat,
    "/v1/completions": openai_shapes.completion,
    "/v1/embeddings": openai_shapes.embeddings,
    "/v1/responses": responses_shapes.response,
    "/v1/messages": anthropic_shapes.message,
    "/v1/messages/count_tokens": lambda _body, script: anthropic_shapes.count(script),
}
EVENTS: dict[str, Callable[[Json, Script], Iterator[bytes]]] = {
    "/v1/chat/completions": openai_shapes.chat_events,
    "/v1/completions": openai_shapes.completion_events,
    "/v1/responses": responses_shapes.events,
    "/v1/messages": anthropic_shapes.events,
}


class Standin:
    """Answers calls; ``seen`` is called with the path, the headers and the body of each."""

    def __init__(self, seen: Callable[[str, list[tuple[bytes, bytes]], bytes], None] | None = None) -> None:
        self._seen = seen
        self.stopped = 0
        """How many answers were stopped because whoever asked had gone."""

    async def __call__(self, scope: Json, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raw = await _body(receive)
        if self._seen is not None:
            self._seen(scope["path"], scope["headers"], raw)
        path = scope["path"]
        if path not in WHOLE:
            await _answer(send, 404, b'{"error":{"message":"no such path"}}')
            return
        body = orjson.loads(raw)
        script = read_script(prompt_of(body), tools=tools_of(body), ceiling=ceiling_of(body))
        try:
            await self._play(path, body, script, send)
        except asyncio.CancelledError:
            self.stopped += 1
            raise

    async def _play(self, path: str, body: Json, script: Script, send: Send) -> None:
        if script.error:
            says = {"type": "error", "error": {"type": "standin", "message": "as you asked", "code": None}}
            await _answer(send, script.error, orjson.dumps(says))
        elif body.get("stream") and path in EVENTS:
            await _stream(EVENTS[path](body, script), script, send)
        else:
            if script.wait_seconds:
                await asyncio.sleep(script.wait_seconds * len(script.words))
            if not script.breaks:
                await _answer(send, 200, orjson.dumps(WHOLE[path](body, script)))


async def _stream(events: Iterator[bytes], script: Script, send: Send) -> None:
    """Send the events; stop in the middle of the fourth where the answer is to break."""
    headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number, event in enumerate(events):
        if script.wait_seconds and number:
            await asyncio.sleep(script.wait_seconds)
        breaks = script.breaks and number == 3
        await send(
            {"type": "http.response.body", "body": event[: len(event) // 2] if breaks else event, "more_body": True}
        )
        if breaks:
            return
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
