"""A connection that knows heads again does what one that parses every byte does."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from stillwatch.gateway import known_head
from stillwatch.gateway.connection import GuardedConfig, ServerConnection
from stillwatch.gateway.known_head import HeadMemory
from stillwatch.gateway.settings import Listen

PLAIN = b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\nauthorization: Bearer k\r\n\r\n%s"
LAST = b"POST /v1/x HTTP/1.1\r\nhost: g\r\ncontent-length:%d\r\n\r\n%s"
ODD = (
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: +3\r\nauthorization: Bearer k\r\n\r\nabc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 3 \r\nauthorization: Bearer k\r\n\r\nabc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 003\r\nauthorization: Bearer k\r\n\r\nabc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: \r\nauthorization: Bearer k\r\n\r\n",
    b"POST /v1/x HTTP/1.1\nHost: g\nContent-Length: 7\n\nab\r\n\r\nc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    b"POST /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    b"POST /v1/x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /v1/x HTTP/1.1\r\nHost: g\r\n\r\n",
    b"\r\n\r\n" + PLAIN % (2, b"ab"),
    PLAIN % (9, b"too long!"),
    PLAIN % (0, b""),
    PLAIN % (3, b"abc") + PLAIN % (2, b"de"),
    b"nonsense\r\n\r\n",
)

requests = st.one_of(
    st.sampled_from(ODD),
    st.tuples(st.sampled_from((PLAIN, LAST)), st.binary(max_size=8)).map(
        lambda said: said[0] % (len(said[1]), said[1])
    ),
)


class Transport(asyncio.Transport):
    """A caller's end: what was written to it, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.written.append(b"(end)")

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def converse(pieces: list[bytes]) -> tuple[list[object], list[bytes], bool]:
    """Return what the application saw, what was answered, and whether the connection was closed."""
    seen: list[object] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        whole, body = scope.pop("body", None), b""
        scope.pop("head", None)
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        assert whole in {None, body}
        seen.append((scope, body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = GuardedConfig(Listen(max_body_bytes=8), app=app, interface="asgi3", proxy_headers=False, log_config=None)
    connection = ServerConnection(config, ServerState(), {})
    transport = Transport()
    connection.connection_made(transport)
    for piece in pieces:
        if transport.closed:
            break
        connection.data_received(piece)
        for _ in range(8):
            await asyncio.sleep(0)
    connection.connection_lost(None)
    await config.deadlines.stop()
    return seen, transport.written, transport.closed


@given(said=st.lists(requests, min_size=1, max_size=5), cuts=st.lists(st.integers(0, 400), max_size=6), data=st.data())
def test_knowing_heads_again_changes_nothing(said: list[bytes], cuts: list[int], data: st.DataObject) -> None:
    repeated = data.draw(st.integers(1, 3))
    stream = b"".join(said * repeated)
    at = {0, len(stream), *(cut for cut in cuts if cut < len(stream))}
    for end in range(len(said) * repeated):
        at.add(len(b"".join((said * repeated)[:end])))
    edges = sorted(at)
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    quick = asyncio.run(converse(pieces))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_head, "MOST_LEARNT", 0)
        assert quick == asyncio.run(converse(pieces))


def learnt(data: bytes, body: bytes, headers: list[tuple[bytes, bytes]]) -> HeadMemory:
    memory = HeadMemory()
    memory.learn(data, {"headers": headers, "path": "/v1/x"}, body_bytes=len(body))
    return memory


HEADERS = [(b"host", b"g"), (b"content-length", b"3"), (b"authorization", b"Bearer k")]


def test_the_same_head_with_another_length_needs_no_parser() -> None:
    memory = learnt(PLAIN % (3, b"abc"), b"abc", HEADERS)
    recalled = memory.recall(PLAIN % (5, b"abcde"), 8)
    assert recalled is not None
    scope, body, missing = recalled
    assert (body, missing, scope["body"]) == (b"abcde", 0, b"abcde")
    assert scope["headers"] == [(b"host", b"g"), (b"content-length", b"5"), (b"authorization", b"Bearer k")]
    assert memory.recall(PLAIN % (5, b"ab"), 8) == ({k: v for k, v in scope.items() if k != "body"}, b"ab", 3)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace(b"Bearer k", b"Bearer l") % (3, b"abc"),
        PLAIN.replace(b"%d", b"%d ") % (3, b"abc"),
        PLAIN.replace(b"%d", b"+%d") % (3, b"abc"),
        PLAIN.replace(b"%d", b"0x%d") % (3, b"abc"),
        PLAIN % (9, b"too long!"),
        PLAIN % (3, b"abcP"),
    ],
)
def test_whatever_differs_goes_to_the_parser(other: bytes) -> None:
    assert learnt(PLAIN % (3, b"abc"), b"abc", HEADERS).recall(other, 8) is None


def test_learns_no_head_whose_end_the_parser_saw_elsewhere() -> None:
    assert learnt(PLAIN % (3, b"abc"), b"abcd", HEADERS).recall(PLAIN % (3, b"abc"), 8) is None
