"""Request smuggling through a real nginx: no request reaches the model that the gateway did not account for.

nginx keeps connections to the gateway open and puts many callers' requests on them; whatever it lets through, and the
same bytes without it, must be read by the gateway as one request or refused.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, free_port, get, read_ahead

from real_proxies import needs_nginx, running_nginx

pytestmark = needs_nginx
CONFIG = """
  log_format asked '$request';
  upstream gateway {{ server 127.0.0.1:{gateway}; keepalive 4; }}
  server {{
    access_log {folder}/asked.log asked;
    listen 127.0.0.1:{port}; ignore_invalid_headers off; underscores_in_headers on;
    location / {{
      proxy_pass http://gateway; proxy_http_version 1.1; proxy_set_header connection "";
      proxy_request_buffering {buffering}; proxy_set_header x-forwarded-for $remote_addr;
    }}
  }}
"""
BODY = b'{"model":"stand-in","messages":[{"role":"user","content":"outer"}]}'


GET = "a GET with a body"


@dataclass
class Way:
    """A gateway with nginx in front of it, which buffers requests or passes them on as they come."""

    gateway: RealGateway
    model: FaultyModel
    port: int
    asked: Path | None = None
    """nginx's log of what it took for requests."""

    def calls_in_front(self) -> int:
        """Return how many calls nginx took for such."""
        assert self.asked is not None
        return self.asked.read_text().count("POST /v1/chat/completions")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealGateway, FaultyModel]]:
    folder = tmp_path_factory.mktemp("gateway")
    with (
        FaultyModel() as model,
        RealGateway(folder, model.url, listen="body_seconds = 1.0\nheader_seconds = 1.0") as running,
    ):
        yield running, model


@pytest.fixture(scope="module", params=["on", "off", "direct"])
def way(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    gateway: tuple[RealGateway, FaultyModel],
) -> Iterator[Way]:
    running, model = gateway
    if request.param == "direct":
        yield Way(running, model, running.port)
        return
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    config = CONFIG.format(folder=folder, gateway=running.port, port=port, buffering=request.param)
    with running_nginx(config, folder, ready=lambda: get(f"http://127.0.0.1:{port}/readyz")[0] == 200):
        yield Way(running, model, port, folder / "asked.log")


def inner(key: str) -> bytes:
    """Return the request that an attacker would like somebody else's connection to carry."""
    body = BODY.replace(b"outer", b"smuggled")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n".encode()
    return head + b"content-length: %d\r\n\r\n%s" % (len(body), body)


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def attacks(smuggled: bytes) -> dict[str, bytes]:
    """Return framings, each with a body after it in which the request hides."""
    size, end = len(BODY), b"0\r\n\r\n"
    both = len(end) + len(smuggled)
    return {
        "CL.TE": b"content-length: %d\r\ntransfer-encoding: chunked\r\n\r\n%s%s" % (both, end, smuggled),
        "TE.CL": b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n" + chunked(smuggled),
        "TE.TE": b"transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n%s%s" % (end, smuggled),
        "TE with a space": b"transfer-encoding : chunked\r\ncontent-length: %d\r\n\r\n%s%s" % (both, end, smuggled),
        "TE with a tab": b"transfer-encoding:\tchunked\r\ncontent-length: %d\r\n\r\n%s%s" % (both, end, smuggled),
        "TE after a line feed": b"x: y\ntransfer-encoding: chunked\r\ncontent-length: %d\r\n\r\n%s%s"
        % (both, end, smuggled),
        "TE in a folded line": b"x: y\r\n transfer-encoding: chunked\r\ncontent-length: %d\r\n\r\n%s%s"
        % (both, end, smuggled),
        "TE in other words": b"transfer-encoding: xchunked\r\ncontent-length: %d\r\n\r\n%s%s" % (both, end, smuggled),
        "TE_ underscore": b"transfer_encoding: chunked\r\ncontent-length: %d\r\n\r\n%s%s" % (both, end, smuggled),
        "two lengths": b"content-length: %d\r\ncontent-length: %d\r\n\r\n%s%s"
        % (size, size + len(smuggled), BODY, smuggled),
        "two lengths in one": b"content-length: %d, %d\r\n\r\n%s%s" % (size, size + len(smuggled), BODY, smuggled),
        "a length with a sign": b"content-length: +%d\r\n\r\n%s%s" % (size, BODY, smuggled),
        "a length after a bare CR": b"x: y\rcontent-length: 0\r\ncontent-length: %d\r\n\r\n%s%s"
        % (size + len(smuggled), BODY, smuggled),
        "a chunk size with 0x": b"transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n" + smuggled,
        "a chunk extension": b"transfer-encoding: chunked\r\n\r\n0;a=\n" + smuggled + b"\r\n\r\n",
        "a chunk that ends early": b"transfer-encoding: chunked\r\n\r\n1\r\nZZ0\r\n\r\n" + smuggled,
        "trailers": b"transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\nx: " + smuggled + b"\r\n\r\n",
        "an upgrade": b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 0\r\n\r\n" + smuggled,
        "expect": b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n%s" % (both, smuggled),
        "connection names the length": b"connection: content-length\r\ncontent-length: %d\r\n\r\n%s%s"
        % (both, end, smuggled),
        GET: smuggled,
    }


def exchange(port: int, data: bytes, *, patience: float = 1.5) -> bytes:
    """Send bytes, then nothing; return what comes back until it is closed or nothing more comes for so many seconds."""
    said = b""
    with socket.create_connection(("127.0.0.1", port)) as sender, suppress(TimeoutError, ConnectionError):
        sender.settimeout(patience)
        sender.sendall(data)
        while read := sender.recv(65536):
            said += read
    return said


def _all_reached(way: Way) -> tuple[dict[str, dict[str, Any]], ...]:
    """Return what is recorded, if as much has reached the model; otherwise nothing."""
    rows = read_ahead(way.gateway.journal).rows
    return (rows,) if len(way.model.reached) == len(rows) else ()


@pytest.mark.parametrize("name", sorted(attacks(b"")))
def test_nothing_reaches_the_model_unaccounted_for(way: Way, name: str) -> None:
    alice, bob = way.gateway.keys["alice"], way.gateway.keys["bob"]
    framing = attacks(inner(bob))[name]
    method = b"GET /healthz" if name == GET else b"POST /v1/chat/completions"
    head = method + b" HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n" % alice.encode()
    if name == GET:
        head += b"content-length: %d\r\n\r\n" % len(framing)
    before = read_ahead(way.gateway.journal).rows
    in_front = way.calls_in_front() if way.asked else 0
    said = exchange(way.port, head + framing)
    assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200", b"HTTP/1.1 50", b"HTTP/1.1 100")) or not said
    # An honest caller behind it, on the connections that nginx keeps, gets the answer to what was asked.
    asked = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer %s\r\n\r\n"
    answer = exchange(way.port, asked % alice.encode(), patience=60.0)
    while answer.startswith(b"HTTP/1.1 408"):  # on a machine that stalled for a second
        answer = exchange(way.port, asked % alice.encode(), patience=60.0)
    assert b'"object":"list"' in answer
    # A call is recorded just before it is sent on.
    (after,) = eventually(lambda: _all_reached(way))
    new = [row for call_id, row in after.items() if call_id not in before]
    if way.asked is None:
        assert not [row for row in new if row["account"] == "bob"]
    else:
        # What nginx itself takes for a second request is one; it never is what the gateway alone takes for one.
        assert eventually(lambda: way.calls_in_front() - in_front >= len(new))
