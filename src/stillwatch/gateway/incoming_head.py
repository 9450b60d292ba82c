"""The head of a request while it comes in: what was read of it, and what of it two parsers could read two ways."""

from __future__ import annotations

from typing import Any

from stillwatch.gateway.bad_request import BadRequest
from stillwatch.gateway.exchange import Header

ASGI = {"version": "3.0", "spec_version": "2.3"}

FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host", b"expect"})


class IncomingHead:
    """One head. ``lengths`` counts what says how long the body is, in whatever way; ``size`` is bytes of headers."""

    __slots__ = ("expects_continue", "headers", "hosts", "is_chunked", "lengths", "size", "unread", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[Header] = []
        self.size = self.unread = self.lengths = self.hosts = 0
        self.expects_continue = self.is_chunked = False

    def add(self, name: bytes, value: bytes) -> None:
        """Take a header, and count those that decide where a request ends. Raises BadRequest."""
        name = name.lower()
        self.size += len(name) + len(value)
        if name in FRAMING:
            self._frame(name, value)
        self.headers.append((name, value))

    def _frame(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self.hosts += 1
        elif name == b"expect":
            self.expects_continue = value.lower() == b"100-continue"
        else:
            self.lengths += 1
            if name == b"transfer-encoding":
                self.is_chunked = True
                if value.lower() != b"chunked":
                    raise BadRequest(400, b"Only chunked is supported as transfer-encoding.")

    @property
    def is_plain(self) -> bool:
        """Whether its body is framed by one content-length and comes without being asked for."""
        return self.lengths == 1 and not self.is_chunked and not self.expects_continue

    def scope(self, method: str, version: str, *, most_bytes: int) -> dict[str, Any]:
        """Return the request as ASGI's scope, without the connection's part of it. Raises BadRequest."""
        if self.size > most_bytes:
            raise BadRequest(431, b"The headers are too long.", b"headers_too_long")
        if self.lengths > 1:
            raise BadRequest(400, b"The length of the body is given more than once.")
        if self.hosts != 1 and version != "1.0":
            raise BadRequest(400, b"There must be one host header.")
        path, _, query = self.url.partition(b"?")
        if not path.startswith(b"/") or b"#" in self.url:
            raise BadRequest(400, b"The request target must be a path.")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": version,
            "method": method,
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "server": None,
        }
