"""What our gateway would cost if it only relayed: its own server and client, and nothing between them.

``python -m benchmarks.gateway.relay_only PORT UPSTREAM``: no directory, limits, rules, journal or metrics, and no look
into bodies. What ours costs above this is what it decides and records; what this costs above Envoy is the share of
Python and uvloop.
"""

from __future__ import annotations

import sys
from typing import Any

from uvicorn.server import Server

from stillwatch.gateway.connection import GuardedConfig, ServerConnection
from stillwatch.gateway.deadlines import Deadlines
from stillwatch.gateway.relay import read_whole
from stillwatch.gateway.server import BACKLOG, bind, settle_memory
from stillwatch.gateway.settings import Listen, Upstream
from stillwatch.gateway.upstream import UpstreamPool
from stillwatch.gateway.upstream_answer import read_headers

LINES = b"content-type: application/json\r\n"


class Relay:
    """The application: every request goes to the one upstream, every answer back."""

    def __init__(self, upstream: int) -> None:
        self._deadlines = Deadlines()
        self._pool = UpstreamPool(
            Upstream("model", f"http://127.0.0.1:{upstream}", allow_private=True), self._deadlines
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Relay one call."""
        body = scope.get("body")
        if body is None:
            body = await read_body(receive)
        self._deadlines.start()
        upstream = await self._pool.call(scope["method"], scope["raw_path"], LINES, body)
        try:
            headers, is_stream = read_headers(upstream)
            if is_stream:
                await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
                while data := await upstream.read():
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
                return
            answer = await read_whole(upstream)
            headers.append((b"content-length", b"%d" % len(answer)))
            await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer})
        finally:
            self._pool.release(upstream)


async def read_body(receive: Any) -> bytes:
    """Return the body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def main() -> None:
    """Serve until stopped."""
    listen = Listen(port=int(sys.argv[1]))
    config = GuardedConfig(
        listen,
        app=Relay(int(sys.argv[2])),
        http=ServerConnection,
        loop="uvloop",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        backlog=BACKLOG,
    )
    settle_memory()
    Server(config).run(sockets=[bind(listen)])


if __name__ == "__main__":
    main()
