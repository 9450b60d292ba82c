"""One request and its answer on a caller's connection, as ASGI sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

Header = tuple[bytes, bytes]
Message = MutableMapping[str, Any]

STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
BODYLESS = frozenset({204, 304})

PAUSE_AT_BYTES = 1 << 20
"""A body that the application does not take is not read on beyond this."""


class Wire:
    """What an exchange needs of its connection. Tests pass plain ones."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport, self.loop = transport, loop
        self.writable: asyncio.Future[None] | None = None
        """There while the caller reads slower than we write; done when it has caught up."""
        self.reading_paused = False
        self.default_headers: list[Header] = []

    def pause_reading(self) -> None:
        """Let the caller wait with what it has to say."""
        if not self.reading_paused and not self.transport.is_closing():
            self.reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let it go on."""
        if self.reading_paused and not self.transport.is_closing():
            self.reading_paused = False
            self.transport.resume_reading()


class Exchange:
    """Takes the body in, writes the answer out. ``keep_alive`` says whether the connection outlives it."""

    __slots__ = (
        "_body",
        "_chunked",
        "_expected",
        "_head",
        "_method",
        "_waiter",
        "_wire",
        "expects_continue",
        "has_body",
        "is_answered",
        "is_gone",
        "is_started",
        "keep_alive",
        "size",
    )

    def __init__(self, wire: Wire, method: str, *, keep_alive: bool, expects_continue: bool) -> None:
        self._wire, self._method = wire, method
        self.keep_alive, self.expects_continue = keep_alive, expects_continue
        self._body: list[bytes] = []
        self._head = b""
        self._waiter: asyncio.Future[None] | None = None
        self._chunked = False
        self.size = self._expected = 0
        self.has_body = self.is_started = self.is_answered = self.is_gone = False

    def take(self, body: bytes) -> None:
        """Take a piece of the request's body."""
        self._body.append(body)
        self.size += len(body)
        if self.size > PAUSE_AT_BYTES:
            self._wire.pause_reading()
        if self._waiter is not None:
            self._wake()

    def end_body(self) -> None:
        """Note that the body is complete."""
        self.has_body = True
        if self._waiter is not None:
            self._wake()

    def leave(self) -> None:
        """Note that the caller has gone."""
        self.is_gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Message:
        """ASGI's receive."""
        wire = self._wire
        if self.expects_continue and not self.is_started:
            self.expects_continue = False
            wire.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self._body or self.has_body or self.is_gone or self.is_answered):
            wire.resume_reading()
            self._waiter = wire.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self.is_gone or self.is_answered:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self.size = 0
        return {"type": "http.request", "body": body, "more_body": not self.has_body}

    async def send(self, message: Message) -> None:
        """ASGI's send: returns when the caller can take more."""
        if self.is_gone:
            return
        if self.is_started:
            self._write_body(message.get("body", b""), more=bool(message.get("more_body")))
        else:
            self._write_head(message["status"], message["headers"])
        if self._wire.writable is not None:
            await asyncio.shield(self._wire.writable)

    def _write_head(self, status: int, headers: list[Header]) -> None:
        lines = [STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        lines += [b"%s: %s\r\n" % header for header in self._wire.default_headers]
        length: int | None = None
        for header in headers:
            name = header[0]
            if name == b"content-length":
                length = int(header[1])
            elif name == b"connection":
                self.keep_alive = False
                continue
            lines.append(b"%s: %s\r\n" % header)
        if length is None and self._method != "HEAD" and status not in BODYLESS:
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        self._expected = length or 0
        if not self.has_body:
            self.keep_alive = False
        lines.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        head = b"".join(lines)
        ends = len(lines) if self.keep_alive else len(lines) + 1
        if head.count(b"\n") != ends or head.count(b"\r") != ends:
            raise ValueError("a header's value would break the answer apart")
        self.is_started = True
        if length is None:
            self._wire.transport.write(head)
        else:
            # The whole body follows: one write for both.
            self._head = head

    def _write_body(self, body: bytes, *, more: bool) -> None:
        if self._method == "HEAD":
            self._expected = 0
            self._wire.transport.write(self._head)
        elif self._chunked:
            end = b"" if more else b"0\r\n\r\n"
            data = b"%x\r\n%s\r\n%s" % (len(body), body, end) if body else end
            if data:
                self._wire.transport.write(data)
        else:
            self._expected -= len(body)
            if self._expected < 0:
                raise ValueError("the answer is longer than its content-length")
            self._wire.transport.write(self._head + body if self._head else body)
            self._head = b""
        if not more:
            if self._expected:
                raise ValueError("the answer is shorter than its content-length")
            self.is_answered = True


def plain_answer(status: int, body: bytes, headers: Mapping[bytes, bytes] | None = None) -> bytes:
    """Return a whole answer that ends the connection, for where no application is asked."""
    extra = b"".join(b"%s: %s\r\n" % pair for pair in (headers or {}).items())
    length = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(body)
    return STATUS_LINES[status] + length + extra + b"\r\n" + body
