"""The stand-in on a loopback port of its own, inside the running event loop."""

from __future__ import annotations

import asyncio
import socket

from uvicorn.server import ServerState

from stillwatch.gateway.connection import GuardedConfig, ServerConnection
from stillwatch.gateway.settings import Listen
from stillwatch.gateway.standin.app import Standin

BACKLOG = 4096


class StandinServer:
    """Listens from the moment it is made, answers from ``start`` on."""

    def __init__(self, app: Standin | None = None) -> None:
        self.app = app or Standin()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: asyncio.Server | None = None
        self._state = ServerState()

    async def start(self) -> None:
        """Begin to answer."""
        config = GuardedConfig(
            Listen(), app=self.app, http=ServerConnection, log_config=None, interface="asgi3", proxy_headers=False
        )
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ServerConnection(config, self._state, {}, loop), sock=self._socket
        )

    async def stop(self) -> None:
        """Stop answering, at once."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._state.connections):
                connection.shutdown()
