"""Connections to one model server: kept alive, bounded, and never to an address that settings do not allow.

No redirect is followed and no proxy variable of the environment is read: a call goes to the configured host or nowhere.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

from stillwatch.errors import SettingsError
from stillwatch.gateway.addresses import resolve
from stillwatch.gateway.deadlines import Deadlines
from stillwatch.gateway.settings import Upstream
from stillwatch.gateway.upstream_connection import UpstreamConnection, UpstreamFailed

KEEP_SECONDS = 4.0
"""How long an idle connection is kept: below the shortest server default found (uvicorn, vLLM and Node: 5 s), so
that hardly a call meets a connection that is just being closed."""

PORTS = {"http": 80, "https": 443}


class UpstreamPool:
    """Sends calls to one model server."""

    def __init__(self, settings: Upstream, deadlines: Deadlines) -> None:
        self.settings, self._deadlines = settings, deadlines
        url = urlsplit(settings.url)
        if url.scheme not in PORTS or not url.hostname or url.username or url.query or url.fragment:
            raise SettingsError(f"[[upstreams]] {settings.name}: url must be like https://api.example.com")
        self._host, self._port = url.hostname, url.port or PORTS[url.scheme]
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._base = url.path.rstrip("/").encode()
        self._fixed = b" HTTP/1.1\r\nhost: %s\r\n%saccept-encoding: identity\r\n" % (
            url.netloc.encode("idna" if not url.netloc.isascii() else "ascii"),
            _credential(settings),
        )
        self._idle: dict[UpstreamConnection, None] = {}
        """Last in, first out, so that those that are not needed grow old and close."""
        self._open: set[UpstreamConnection] = set()

    async def call(self, method: str, target: bytes, headers: bytes, body: bytes) -> UpstreamConnection:
        """Send a call and return its connection when status and headers are there. Raises UpstreamFailed.

        A kept-alive connection that turns out dead before it answered a byte is replaced once. ``headers`` are lines
        that end in CRLF; host, credential and lengths are written here. Cancelling it closes the connection.
        """
        about = (method.encode(), self._base, target, self._fixed, headers, len(body), body)
        request = b"%s %s%s%s%scontent-length: %d\r\n\r\n%s" % about
        connection = self._idle.popitem()[0] if self._idle else await self._connect()
        while True:
            connection.begin(request, self.settings.first_byte_seconds)
            try:
                await connection.wait_head()
            except UpstreamFailed as failed:
                connection.abort()
                if failed.kind != "reset" or connection.has_received or connection.calls == 1:
                    raise
            except BaseException:
                connection.abort()
                raise
            else:
                return connection
            connection = await self._connect()

    def release(self, connection: UpstreamConnection) -> None:
        """Keep the connection for the next call if its answer ended properly; close it otherwise."""
        if connection.rest(KEEP_SECONDS):
            self._idle[connection] = None
        else:
            connection.abort()

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.abort()

    @property
    def open_connections(self) -> int:
        """How many connections there are, idle ones included."""
        return len(self._open)

    async def _connect(self) -> UpstreamConnection:
        if len(self._open) >= self.settings.max_connections:
            raise UpstreamFailed("busy", f"{len(self._open)} connections to {self.settings.name} are open already")
        try:
            async with asyncio.timeout(self.settings.connect_seconds):
                return await self._open_one()
        except (OSError, ssl.SSLError) as problem:
            raise UpstreamFailed("connect", f"cannot connect to {self.settings.name}: {problem}") from problem

    async def _open_one(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        addresses = await resolve(self._host, self._port, allow_private=self.settings.allow_private)
        for address in addresses:
            try:
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(loop, self.settings.idle_seconds, self._lost),
                    *(address, self._port),
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
            except OSError:
                if address == addresses[-1]:
                    raise
            else:
                self._open.add(connection)
                self._deadlines.watched.add(connection)
                return connection
        raise AssertionError("resolve returns at least one address")

    def _lost(self, connection: UpstreamConnection) -> None:
        self._open.discard(connection)
        self._idle.pop(connection, None)
        self._deadlines.watched.discard(connection)


def check_upstreams(upstreams: Iterable[Upstream]) -> None:
    """Check addresses and credentials before any worker starts. Raises SettingsError."""
    for upstream in upstreams:
        UpstreamPool(upstream, Deadlines())


def _credential(settings: Upstream) -> bytes:
    """Return the header line with the upstream's key; empty if it has none. Raises SettingsError."""
    key = ""
    if settings.key_env is not None:
        key = os.environ.get(settings.key_env, "")
        if not key:
            raise SettingsError(f"[[upstreams]] {settings.name}: environment variable {settings.key_env} is not set")
    elif settings.key_file is not None:
        try:
            key = settings.key_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(f"[[upstreams]] {settings.name}: cannot read key_file: {problem}") from problem
    if not key:
        return b""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(f"[[upstreams]] {settings.name}: the key must be one line of printable ASCII")
    name = "x-api-key: %s" if settings.dialect == "anthropic" else "authorization: Bearer %s"
    return (name % key).encode() + b"\r\n"
