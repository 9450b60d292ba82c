"""A model server that streams: no parser, no framework, so that the load costs little beside what is measured.

``python -m benchmarks.gateway.streams PORT [MILLISECONDS]``: the first event comes at once, the others one by one. A
request ends with its last bytes in one read, as those of the load do.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

from benchmarks.gateway.shapes import events

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNKS = [b"%x\r\n%s\r\n" % (len(event), event) for event in events()]
END = b"0\r\n\r\n"


class Streams(asyncio.Protocol):
    """One connection."""

    interval = 0.01

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = cast("asyncio.Transport", None)
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a request when its body is complete."""
        self.read += data
        head, blank, body = self.read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if blank and len(body) >= int(length or 0):
            self.read = b""
            self.transport.write(HEAD + CHUNKS[0])
            self.loop.call_later(self.interval, self.tick, 1)

    def tick(self, number: int) -> None:
        """Send the next event, and the end after the last."""
        if self.transport.is_closing():
            return
        last = number == len(CHUNKS) - 1
        self.transport.write(CHUNKS[number] + END if last else CHUNKS[number])
        if not last:
            self.loop.call_later(self.interval, self.tick, number + 1)


async def main() -> None:
    """Serve until stopped."""
    if len(sys.argv) > 2:
        Streams.interval = float(sys.argv[2]) / 1000
    server = await asyncio.get_running_loop().create_server(Streams, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
