"""HTTP/2 by hand, as no well-behaved client writes it: frames and header blocks exactly as a test says (RFC 9113)."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CANCEL = 0x8
"""RFC 9113, section 7."""
WINDOW = 2**24
"""Bytes of answers that may be under way: more than any test reads, so that no window is ever full."""
Header = tuple[bytes, bytes]


@dataclass
class Reply:
    """What came back on one stream."""

    status: int = 0
    """0 where no status came."""
    body: bytes = b""
    is_over: bool = False


@dataclass
class Wire:
    """One connection. Use as a context manager; requests are sent as they are, whatever they are."""

    port: int
    patience: float = 60.0
    replies: dict[int, Reply] = field(default_factory=dict)
    is_closed: bool = False
    """The server has said that it is going, or is gone."""

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
        self._encoder, self._decoder, self._unread, self._next = Encoder(), Decoder(), b"", 1
        settings = SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: WINDOW})
        self._send(PREFACE + settings.serialize() + WindowUpdateFrame(0, window_increment=WINDOW).serialize())
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, headers: Sequence[Header], body: bytes | None = None, trailers: Sequence[Header] = ()) -> int:
        """Send a request; return its stream. The stream is ended with the last thing that is sent."""
        stream, self._next = self._next, self._next + 2
        self.replies[stream] = Reply()
        sent = self._block(stream, headers, ends=body is None and not trailers)
        if body is not None:
            data = DataFrame(stream, data=body, flags=[] if trailers else ["END_STREAM"])
            sent += data.serialize()
        if trailers:
            sent += self._block(stream, trailers, ends=True)
        self._send(sent)
        return stream

    def cancel(self, stream: int) -> None:
        """Take a request back."""
        self._send(RstStreamFrame(stream, error_code=CANCEL).serialize())

    def read(self, *streams: int) -> list[Reply]:
        """Return the replies of these streams, once they are over or the connection is."""
        with suppress(OSError):
            while not self.is_closed and not all(self.replies[stream].is_over for stream in streams):
                self._read_frame()
        return [self.replies[stream] for stream in streams]

    def _block(self, stream: int, headers: Sequence[Header], *, ends: bool) -> bytes:
        frame = HeadersFrame(stream, data=self._encoder.encode(headers), flags=["END_HEADERS"])
        if ends:
            frame.flags.add("END_STREAM")
        written: bytes = frame.serialize()
        return written

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            self.is_closed = True

    def _read_frame(self) -> None:
        frame, length = Frame.parse_frame_header(memoryview(self._take(9)))
        frame.parse_body(memoryview(self._take(length)))
        reply = self.replies.get(frame.stream_id, Reply())
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self._send(SettingsFrame(0, flags=["ACK"]).serialize())
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self._send(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]).serialize())
        elif isinstance(frame, GoAwayFrame):
            self.is_closed = True
        elif isinstance(frame, HeadersFrame):
            told = dict(self._decoder.decode(frame.data, raw=True))
            reply.status = int(told.get(b":status", reply.status))
        elif isinstance(frame, DataFrame):
            reply.body += frame.data
        reply.is_over = reply.is_over or isinstance(frame, RstStreamFrame) or "END_STREAM" in frame.flags

    def _take(self, size: int) -> bytes:
        while len(self._unread) < size:
            read = self._socket.recv(65536)
            if not read:
                self.is_closed = True
                raise ConnectionError("the server has closed the connection")
            self._unread += read
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken
