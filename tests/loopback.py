"""HTTP servers on loopback that answer as a test tells them, started and stopped by it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, str, bytes]
"""Status, content type, body."""


@contextmanager
def handling(answer: Callable[[BaseHTTPRequestHandler, bytes], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Serve GET and POST requests (the request, its body; status, headers, body) and yield the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, reply = answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(reply)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(answer: Callable[[str, bytes], Reply]) -> Iterator[str]:
    """Serve requests (path, body) and yield the server's address."""

    def typed(asked: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        status, content_type, reply = answer(asked.path, body)
        return status, {"Content-Type": content_type}, reply

    with handling(typed) as url:
        yield url


@contextmanager
def trickling(reply: bytes, *, for_seconds: float = 0.0) -> Iterator[str]:
    """Answer every connection with these bytes, one at a time, and then close it, or go on trickling before that."""

    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    _read_request(connection)
                    for byte in reply:
                        connection.sendall(bytes([byte]))
                    until = time.monotonic() + for_seconds
                    while time.monotonic() < until and not stopped.wait(0.01):
                        connection.sendall(b"x")
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _read_request(connection: socket.socket) -> None:
    """Read a request to its end: closing a connection with something unread in it resets it."""
    with connection.makefile("rb") as incoming:
        length = 0
        for line in iter(incoming.readline, b"\r\n"):
            if not line:
                return
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        incoming.read(length)
