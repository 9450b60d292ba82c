"""The witness over HTTP: raw ASGI, so that uvicorn, or any other server, can run it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from stillwatch.errors import EvidenceError
from stillwatch.evidence.witness.submission import MAX_SUBMISSION_BYTES
from stillwatch.evidence.witness.witness import Answer, Witness

BODY_SECONDS = 10.0
"""Time for a body of at most 64 kB: a caller that takes longer is keeping a place for nothing."""
MAX_REQUESTS = 64
"""Requests at once; the memory takes them one by one, milliseconds each, and more than that only wait."""

MAX_PORT = 65_535

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MONITORED = re.compile(r"/([0-9a-f]{64})/checkpoint")


class WitnessApplication:
    """The ASGI application of a witness; submission and monitoring prefix are the same."""

    def __init__(self, witness: Witness, *, on_error: Callable[[str], None]) -> None:
        """Serve ``witness``; what goes wrong inside is told to ``on_error``, and not to the caller."""
        self._witness, self._on_error = witness, on_error

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive)
            answer = await self._answer(scope["method"], scope["path"], body)
        except TimeoutError:
            answer = Answer(408, b"the body took too long\n")
        except (EvidenceError, OSError) as problem:
            self._on_error(str(problem))
            answer = Answer(503, b"the witness cannot use its memory; try again later\n")
        headers = [(b"content-type", answer.content_type.encode()), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, method: str, path: str, body: bytes | None) -> Answer:
        if path == "/add-checkpoint":
            if method != "POST":
                return Answer(405, b"POST a submission here: c2sp.org/tlog-witness\n")
            if body is None:
                return Answer(413, f"more than {MAX_SUBMISSION_BYTES:,} bytes\n".encode())
            return await asyncio.to_thread(self._witness.add_checkpoint, body)
        if (found := _MONITORED.fullmatch(path)) and method in {"GET", "HEAD"}:
            return await asyncio.to_thread(self._witness.checkpoint, found[1])
        return Answer(404, b"POST /add-checkpoint, or GET /<SHA-256 of the origin>/checkpoint\n")


def serve_witness(application: WitnessApplication, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_REQUESTS,
        timeout_keep_alive=75,  # a log asks every minute; tlog-witness wants the connection to stay open
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listener])


def bind_witness(address: str) -> socket.socket:
    """Listen on ``HOST:PORT``. Raises EvidenceError where that cannot be done."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise EvidenceError(f"--listen {address}: write HOST:PORT, such as 127.0.0.1:8088")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(MAX_REQUESTS)
    except OSError as problem:
        listener.close()
        raise EvidenceError(f"--listen {address}: {problem.strerror or problem}; choose another address") from problem
    return listener


async def _read(receive: Receive) -> bytes | None:
    """Return the body, None where it is too long or the caller has gone."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_SUBMISSION_BYTES:
            return None
        if not message.get("more_body", False):
            return body
