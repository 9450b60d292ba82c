"""One kept-alive HTTP/1.1 connection to a model server, carrying one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from stillwatch.gateway.deadlines import NEVER

Header = tuple[bytes, bytes]

HIGH_WATER_BYTES = 64 << 10
"""When the caller reads slower than the model server writes, this much waits here; then reading pauses."""

MAX_HEADER_BYTES = 64 << 10
"""An answer with longer headers is garbage; nginx allows 8 KiB, Node 16."""

BODYLESS = frozenset({204, 304})
"""Answers that end with their headers (RFC 9112, section 6.3)."""


class UpstreamFailed(Exception):  # noqa: N818  (what happened, not whose error it is)
    """The model server gave no proper answer. ``kind``: connect, forbidden, busy, timeout, reset, garbage."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class UpstreamConnection(asyncio.Protocol):
    """Parses one answer after the other; ``status``, ``headers`` and ``read`` are those of the call under way."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, idle_seconds: float, on_lost: Callable[[UpstreamConnection], None]
    ) -> None:
        self._loop, self._idle_seconds, self._on_lost = loop, idle_seconds, on_lost
        self._transport = cast("asyncio.Transport", None)
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self.deadline = NEVER
        self.calls, self.busy = 0, False
        self._reset()

    def _reset(self) -> None:
        self._chunks: list[bytes] = []
        self._waiting_bytes = self._header_bytes = self.status = 0
        self.headers: list[Header] = []
        self._has_head = self._is_complete = self._is_paused = self._has_length = False
        self._is_reusable = self.has_received = False
        self._failure: tuple[str, str] | None = None
        """What to raise: an exception that is kept would hold the frames that it went through, and they us."""

    def begin(self, request: bytes, first_byte_seconds: float) -> None:
        """Send a call. The connection must be idle."""
        self._reset()
        self.busy = True
        self.calls += 1
        self.deadline = self._loop.time() + first_byte_seconds
        if self._transport.is_closing():
            self._fail("reset", "the connection had been closed")
        else:
            self._transport.write(request)

    async def wait_head(self) -> None:
        """Wait until status and headers are there. Raises UpstreamFailed."""
        while not self._has_head:
            if self._failure is not None:
                raise UpstreamFailed(*self._failure)
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def take_whole(self) -> bytes | None:
        """Return the body if all of it has come, as short ones have with their headers; None if one has to wait."""
        if not self._is_complete or self._is_paused:
            return None
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._waiting_bytes = 0
        return body

    async def read(self) -> bytes:
        """Return what has come in, joined; empty at the end of the answer. Raises UpstreamFailed."""
        while not self._chunks:
            if self._is_complete:
                return b""
            if self._failure is not None:
                raise UpstreamFailed(*self._failure)
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_paused:
            self._is_paused = False
            self.deadline = self._loop.time() + self._idle_seconds
            self._transport.resume_reading()
        return data

    def rest(self, seconds: float) -> bool:
        """Stay open without a call for so long; False if no other call may be sent here.

        One may be when the answer is complete and read, and the model server keeps the connection.
        """
        if not (self._is_complete and self._is_reusable) or self._chunks or self._transport.is_closing():
            return False
        self.busy, self.deadline = False, self._loop.time() + seconds
        return True

    def abort(self) -> None:
        """Close at once: the model server sees that nobody wants the answer."""
        self.deadline = NEVER
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Give up waiting for the model server."""
        del now
        self._fail("timeout", "the model server did not answer in time")
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, kind: str, message: str) -> None:
        if self._failure is None and not self._is_complete:
            self._failure = kind, message
        self._is_reusable = False
        self._wake()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse. What comes without a call, or after its answer, ends the connection: it belongs to no one."""
        if not self.busy or self._is_complete:
            self.abort()
            return
        self.has_received = True
        if not self._has_head:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            self._fail("garbage", f"the model server's answer is not HTTP: {problem}")
            self.abort()
            return
        if self._is_complete or self._is_paused:
            self.deadline = NEVER
        elif self._has_head:
            self.deadline = self._loop.time() + self._idle_seconds
        elif self._header_bytes > MAX_HEADER_BYTES:
            self._fail("garbage", "the model server's headers are too long")
            self.abort()
        if self._has_head and self._waiter is not None:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the call: properly where the answer lasts until the connection closes, as a reset otherwise."""
        self.deadline = NEVER
        if self.busy and not self._is_complete:
            if self._has_head and not self._has_length and exc is None and self._failure is None:
                self._is_complete = True
                self._wake()
            else:
                self._fail("reset", "the model server closed the connection")
        self._on_lost(self)
        # The parser holds our methods: without this, only the collector of cycles would free the two.
        self._parser = cast("httptools.HttpResponseParser", None)

    # httptools' side

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, and note how the answer's end is known."""
        name = name.lower()
        if name in {b"content-length", b"transfer-encoding"}:
            self._has_length = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Skip interim answers (1xx); otherwise the answer has begun."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers, self._has_length = [], False
            return
        self.status, self._has_head = status, True
        self._has_length = self._has_length or status in BODYLESS

    def on_body(self, body: bytes) -> None:
        """Keep a piece for ``read``; pause the model server when nobody reads."""
        self._chunks.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes > HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_begin(self) -> None:
        """Whatever follows an answer in the same read belongs to no one."""
        if self._is_complete:
            self._is_reusable = False

    def on_message_complete(self) -> None:
        """Note the end, and whether the connection may stay open."""
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._is_reusable = self._parser.should_keep_alive()
