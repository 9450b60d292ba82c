"""The gateway's HTTP server: uvicorn's loop, workers and drain, around our own connections."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.server import Server
from uvicorn.supervisors import Multiprocess

from stillwatch.errors import SettingsError, StillwatchError
from stillwatch.gateway.admission import Receive
from stillwatch.gateway.connection import GuardedConfig, ServerConnection
from stillwatch.gateway.log import log, log_everything_here
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.proxy import Proxy, Send
from stillwatch.gateway.settings import Listen

BACKLOG = 4096
"""Connections that may wait to be accepted; the kernel's own ceiling (net.core.somaxconn) applies as well."""

YOUNG_OBJECTS = 50_000
"""New objects between two collections: about a thousand calls; a leak by cycles would be found within minutes."""

SILENT_SECONDS = 30
"""A worker that lives but does not answer its supervisor for so long hangs, and is replaced. uvicorn's 5 seconds are
less than a start takes on a busy machine: its workers were killed before they served, again and again."""

MakeParts = Callable[[], Parts]


class Application:
    """The ASGI application of a worker: starts its parts with the server and stops them with it."""

    def __init__(self, make_parts: MakeParts) -> None:
        self._make_parts = make_parts
        self._proxy: Proxy | None = None

    def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request, or live as long as the server (ASGI's lifespan)."""
        if self._proxy is not None and scope["type"] == "http":
            return self._proxy(scope, receive, send)
        return self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        log_everything_here()
        end_with_supervisor()
        try:
            self._proxy = Proxy(self._make_parts())
            await self._proxy.start()
        except (StillwatchError, OSError) as problem:
            log("cannot start", problem=str(problem))
            await send({"type": "lifespan.startup.failed", "message": str(problem)})
            return
        settle_memory()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._proxy.stop()
        await send({"type": "lifespan.shutdown.complete"})


def serve(make_parts: MakeParts, listen: Listen, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then let open answers go on for ``drain_seconds``.

    ``make_parts`` is called once in every worker; with several workers it has to be picklable. A worker that dies is
    replaced by uvicorn's supervisor.
    """
    raise_file_limit(2 * listen.max_connections)
    config = GuardedConfig(
        listen,
        app=Application(make_parts),
        http=ServerConnection,
        loop="uvloop",
        lifespan="on",
        interface="asgi3",
        workers=listen.workers,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_graceful_shutdown=round(listen.drain_seconds),
        timeout_worker_healthcheck=SILENT_SECONDS,
    )
    if listen.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        # When it has drained, uvicorn sends itself the signal again; whoever called us has things to tidy up first.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        Server(config).run(sockets=[listener])


def end_with_supervisor() -> None:
    """Drain and end if the supervisor of this worker dies, so that no orphan keeps the port and serves unseen."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return
    loop, sentinel = asyncio.get_running_loop(), supervisor.sentinel

    def end() -> None:
        loop.remove_reader(sentinel)
        log("the supervisor died; this worker drains and ends")
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(sentinel, end)


def bind(listen: Listen) -> socket.socket:
    """Return a listening socket. Raises SettingsError where the address cannot be used."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((listen.host, listen.port))
    except OSError as problem:
        listener.close()
        raise SettingsError(
            f"cannot listen on {listen.host}:{listen.port}: {problem.strerror}; choose another port"
        ) from problem
    listener.set_inheritable(True)
    return listener


def settle_memory() -> None:
    """Let the collector of reference cycles leave what has been loaded alone, and come seldom.

    A call makes no cycles, so that counting references frees all of it; a collection every 700 objects, Python's
    default, would look through everything that open streams hold, again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)


def raise_file_limit(wanted: int) -> None:
    """Allow this process as many open connections as settings do, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + 256 if hard == resource.RLIM_INFINITY else min(wanted + 256, hard)
    if soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
