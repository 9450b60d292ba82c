"""The server as an ASGI application. A request is looked at in this order: credential, path, media types, body."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from stillwatch.errors import StoreError
from stillwatch.sharing.taxii.answers import MEDIA_TYPE, Answer, RefusedError, refusal
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.endpoints import MAX_CONTENT_BYTES, Endpoints, Request, find_handler
from stillwatch.sharing.taxii.headers import check_accept, check_content_type, read_token, takes_gzip

log = logging.getLogger(__name__)

GZIP_FROM_BYTES = 2_000
BODY_SECONDS = 60.0
"""Time for a body: 20 MB over a line of 3 Mbit/s."""
MAX_PARAMETERS = 20

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class TaxiiApp:
    """An ASGI application over the endpoints, for callers who have a token or a client certificate."""

    def __init__(self, endpoints: Endpoints, callers: Callers) -> None:
        self._endpoints, self._callers = endpoints, callers

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; of other protocols only the lifespan is known, and ignored."""
        if scope["type"] != "http":
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                made = await self._answer(scope, receive)
        except RefusedError as problem:
            made = refusal(problem)
        except TimeoutError:
            made = refusal(RefusedError(408, "the request took too long"))
        except StoreError as problem:
            log.warning("a request failed: %s", problem)
            made = refusal(RefusedError(503, "the store does not answer; try again later", **{"Retry-After": "30"}))
        except Exception:
            log.exception("a request failed")
            made = refusal(RefusedError(500, "the request failed within the server; its log says why"))
        await send_answer(made, scope, send)

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        caller = await asyncio.to_thread(
            self._callers.find_caller, token=read_token(headers), certificate=scope.get("client_certificate")
        )
        if caller is None:
            ask = {"WWW-Authenticate": 'Bearer realm="taxii", Basic realm="taxii"'}
            raise RefusedError(401, "send a token: Authorization: Bearer …, or show a client certificate", **ask)
        handler, names = find_handler(scope["method"], _path(scope))
        check_accept(headers)
        body = b""
        if scope["method"] == "POST":
            check_content_type(headers)
            body = await read_body(scope, receive)
        request = Request(caller, names, _query(scope), body, _base(scope))
        return await asyncio.to_thread(handler, self._endpoints, request)


async def send_answer(made: Answer, scope: Message, send: Send) -> None:
    """Send an answer as TAXII does, unless its headers say otherwise."""
    body = made.body
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    headers |= made.headers
    if len(body) >= GZIP_FROM_BYTES and takes_gzip(scope["headers"]):
        # Level 1: three quarters of the size at a fifth of the time.
        body = await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    headers["Content-Length"] = str(len(body))
    listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": made.status, "headers": listed})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def read_body(scope: Message, receive: Receive) -> bytes:
    """Read a body. Raises RefusedError, 413, as soon as it is known to be too long."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    too_long = RefusedError(413, f"at most {MAX_CONTENT_BYTES} bytes; send fewer objects at once")
    if said.isdigit() and int(said) > MAX_CONTENT_BYTES:
        raise too_long
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the request ended early")
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
        if length > MAX_CONTENT_BYTES:
            raise too_long
    return b"".join(parts)


def _path(scope: Message) -> tuple[str, ...]:
    """Return the names of the path; a slash at its end, which the specification asks for, may be missing."""
    raw = scope.get("raw_path") or scope["path"].encode()
    text = raw.decode("latin-1").partition("?")[0].removesuffix("/")
    return tuple(unquote(part, errors="replace") for part in text.split("/")[1:])


def _query(scope: Message) -> list[tuple[str, str]]:
    try:
        return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise RefusedError(400, f"more than {MAX_PARAMETERS} parameters") from None


def _base(scope: Message) -> str:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if not host or any(not (c.isascii() and (c.isalnum() or c in "-.:[]_")) for c in host):
        server = scope.get("server") or ("localhost", 0)
        host = f"{server[0]}:{server[1]}"
    return f"{scope.get('scheme', 'http')}://{host}"
