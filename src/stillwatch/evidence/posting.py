"""One POST to somebody who may be slow, broken or hostile: a deadline for the whole and a limit on the answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from stillwatch.errors import EvidenceError

SECONDS = 10.0
"""A witness answers after one transaction and a signature; whatever takes longer than this is tried again later."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer: redirects are not followed."""

    status: int
    content_type: str
    body: bytes


def post(
    url: str,
    body: bytes,
    *,
    content_type: str,
    max_bytes: int,
    seconds: float = SECONDS,
    headers: Mapping[str, str] | None = None,
) -> Posted:
    """POST ``body`` and return the answer, whatever its status; ``headers`` are further ones.

    ``seconds`` bounds finding and reaching the host, and then once more the whole exchange, however slowly it
    trickles. Raises EvidenceError, with the address, if there is no answer in time or it is longer than ``max_bytes``.
    """
    parts, is_late = _split(url), Event()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        with socket.create_connection((parts.hostname, _port(parts)), seconds) as raw, raw.dup() as handle:
            # A socket's own time-out starts again with every byte; this one does not.
            deadline = Timer(seconds, _cut, [handle, is_late])
            deadline.daemon = True
            deadline.start()
            try:
                with _secure(raw, parts) as secured:
                    connection = HTTPConnection(parts.hostname or "", _port(parts))
                    connection.sock = secured
                    connection.request("POST", target or "/", body, {"Content-Type": content_type, **(headers or {})})
                    with closing(connection.getresponse()) as response:
                        answer = response.read(max_bytes + 1)
            finally:
                deadline.cancel()
    except (OSError, HTTPException, ValueError) as problem:
        why = f"cut off after {seconds:g} s" if is_late.is_set() else problem or type(problem).__name__
        raise EvidenceError(f"{url}: no answer: {why}") from problem
    if is_late.is_set():
        raise EvidenceError(f"{url}: no answer: cut off after {seconds:g} s")
    if len(answer) > max_bytes:
        raise EvidenceError(f"{url}: the answer is longer than {max_bytes:,} bytes")
    if response.length:
        raise EvidenceError(f"{url}: the answer is cut off: {response.length:,} bytes are missing")
    return Posted(response.status, response.headers.get("Content-Type", ""), answer)


def excerpt(body: bytes) -> str:
    """Return the beginning of an answer that a person is to read: one line, nothing that a terminal would obey."""
    text = body[:200].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and _port(parts)
    except ValueError:
        known = False
    if not known or any(c <= " " for c in url):
        raise EvidenceError(f"{url!r}: not an http or https address")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def _cut(handle: socket.socket, is_late: Event) -> None:
    is_late.set()
    with suppress(OSError):  # it has ended by itself
        handle.shutdown(socket.SHUT_RDWR)


def _secure(raw: socket.socket, parts: SplitResult) -> socket.socket:
    if parts.scheme == "http":
        return raw
    return ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
