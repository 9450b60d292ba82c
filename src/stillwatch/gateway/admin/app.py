"""The admin API as an ASGI application: who may ask, what a request must look like, how refusals read.

A request is looked at in this order: browser, token, path, body. Before the token nothing is read but headers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from stillwatch.errors import DirectoryError, DirectoryUnavailableError, NotInDirectoryError
from stillwatch.gateway.admin.handlers import Parts
from stillwatch.gateway.admin.request import RefusedError, Request
from stillwatch.gateway.admin.routes import Handler, find_handler
from stillwatch.gateway.admin.token import is_token

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
"""An account with every column at its longest, escaped, is 30 KB."""
MAX_NAME_CHARACTERS = 80
NAME_HEADER = b"x-admin-name"
"""Who the request says is asking, for the notes: everybody who has the token may write anything here."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AdminApp:
    """An ASGI application over ``Parts``, for those who have the token."""

    def __init__(self, parts: Parts, token: str, *, clock: Callable[[], float] = time.time) -> None:
        self._parts, self._token, self._clock = parts, token, clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"the admin API speaks HTTP, not {scope['type']}")
        try:
            status, body, kind = await self._answer(scope, receive)
        except RefusedError as refusal:
            status, body, kind = refusal.status, _problem(str(refusal)), b"application/json"
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, bytes, bytes]:
        self._admit(scope["headers"])
        path = tuple(unquote(part, errors="replace") for part in scope["raw_path"].decode("latin-1").split("/")[1:])
        if path == ("metrics",) and scope["method"] == "GET":
            return await self._metrics()
        handler, names = find_handler(scope["method"], path)
        request = Request(
            names=names,
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            body=await _read_body(scope, receive),
            by=_asker(scope["headers"]),
            now=self._clock(),
        )
        return 200, await self._run(handler, request), b"application/json"

    def _admit(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Refuse browsers and whoever has not the token. Raises RefusedError."""
        if any(name in {b"origin", b"sec-fetch-site"} for name, _ in headers):
            raise RefusedError(403, "the admin API is not for web pages: it refuses requests that a browser sends")
        given = [value for name, value in headers if name == b"authorization"]
        # Compared even if there is none, so that its absence takes the same steps.
        if not is_token(given[0] if len(given) == 1 else b"", self._token):
            raise RefusedError(
                401, "send the admin token: authorization: Bearer …; it is in the settings' admin_token_file"
            )

    async def _run(self, handler: Handler, request: Request) -> bytes:
        try:
            result = await asyncio.to_thread(handler, self._parts, request)
            return orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE)
        except NotInDirectoryError as problem:
            raise RefusedError(404, str(problem)) from problem
        except DirectoryUnavailableError as problem:
            raise RefusedError(503, str(problem)) from problem
        except DirectoryError as problem:
            raise RefusedError(400, str(problem)) from problem
        except RefusedError:
            raise
        except Exception as problem:
            log.exception("admin API: %s failed", handler.__name__)
            raise RefusedError(500, "the request failed within the gateway; its log says why") from problem

    async def _metrics(self) -> tuple[int, bytes, bytes]:
        if self._parts.metrics is None:
            raise RefusedError(404, "this process keeps no metrics")
        page, kind = await asyncio.to_thread(self._parts.metrics)
        return 200, page, kind.encode()


def _asker(headers: list[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name == NAME_HEADER), b"").decode("latin-1")
    shown = "".join(c for c in given if c.isprintable())[:MAX_NAME_CHARACTERS]
    return f"admin API ({shown})" if shown else "admin API"


async def _read_body(scope: Message, receive: Receive) -> dict[str, Any]:
    """Read a JSON object; nothing at all is an empty one. Raises RefusedError: 400, 413, 415."""
    raw = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the request ended early")
        raw += message.get("body", b"")
        more = message.get("more_body", False)
        if len(raw) > MAX_BODY_BYTES:
            raise RefusedError(413, f"the body is longer than {MAX_BODY_BYTES} bytes; import many accounts from a file")
    if not raw:
        return {}
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if kind.partition(b";")[0].strip().lower() != b"application/json":
        raise RefusedError(415, "send the body as content-type: application/json")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise RefusedError(400, f"the body is not JSON: {problem}") from problem
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is not a JSON object")
    return body


def _problem(message: str) -> bytes:
    return orjson.dumps({"error": {"message": message}}, option=orjson.OPT_APPEND_NEWLINE)
