"""Calls to the admin application without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from stillwatch.gateway.admin.app import AdminApp

TOKEN = "swadmin-" + "0" * 64
BEARER = (b"authorization", f"Bearer {TOKEN}".encode())


def call(
    app: AdminApp,
    method: str,
    path: str,
    body: object = None,
    *,
    headers: tuple[tuple[bytes, bytes], ...] = (BEARER,),
    raw: bytes | None = None,
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of one call; ``raw`` sends other bytes than JSON."""
    status, _, content = exchange(app, method, path, body, headers=headers, raw=raw)
    return status, json.loads(content)


def exchange(
    app: AdminApp,
    method: str,
    path: str,
    body: object = None,
    *,
    headers: tuple[tuple[bytes, bytes], ...] = (BEARER,),
    raw: bytes | None = None,
) -> tuple[int, dict[bytes, bytes], bytes]:
    target, _, query = path.partition("?")
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    kind = ((b"content-type", b"application/json"),) if body is not None else ()
    scope = {
        "type": "http",
        "method": method,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [*headers, *kind],
    }
    sent: list[Any] = []
    pieces = [content[i : i + 1000] for i in range(0, len(content), 1000)] or [b""]
    messages = [{"type": "http.request", "body": p, "more_body": i + 1 < len(pieces)} for i, p in enumerate(pieces)]

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m["body"] for m in sent[1:])
