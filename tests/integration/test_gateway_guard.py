"""What strangers send: paths, framing and sizes that try to be read two ways."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_rig import KEY, raw, request, run, running
from stillwatch.gateway.settings import Listen

BODY = b'{"model":"m","messages":[]}'
HEAD = f"host: x\r\nauthorization: Bearer {KEY}\r\n".encode()


@pytest.mark.parametrize(
    "path",
    [
        *("//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/", "/v1/chat%2Fcompletions"),
        *("/v1/%63hat/completions", "/v1/x/../chat/completions", "/V1/chat/completions", "/v1/chat/completions;x"),
        *("/v1/batches", "/v1/messages/batches", "/v1/files", "/metrics", "/admin", "/v1/responses/resp_1"),
    ],
)
def test_any_other_spelling_of_a_path_is_not_found(path: str) -> None:
    async def test() -> None:
        async with running() as rig:
            assert (await raw(rig.port, request(BODY, path=path))).startswith(b"HTTP/1.1 404")
            assert not rig.seen

    run(test)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"content-length: 27\r\ntransfer-encoding: chunked\r\n", BODY),
        (b"content-length: 27\r\ncontent-length: 27\r\n", BODY),
        (b"content-length: 27\r\ncontent-length: 5\r\n", BODY),
        (b"content-length: 27, 27\r\n", BODY),
        (b"content-length: +27\r\n", BODY),
        (b"content-length : 27\r\n", BODY),
        (b"content-length: 27\n", BODY),
        (b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding:\x0bchunked\r\n", b"0\r\n\r\n"),
        (b"transfer-encoding: chunked\r\n", b"1b;x\n" + BODY + b"\r\n0\r\n\r\n"),
        (b"transfer-encoding: chunked\r\n", b"0x1b\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (b"x: a\r\n b\r\ncontent-length: 27\r\n", BODY),
        (b"host: y\r\ncontent-length: 27\r\n", BODY),
        (b"x\x00y: a\r\ncontent-length: 27\r\n", BODY),
        (b"x: a\x00b\r\ncontent-length: 27\r\n", BODY),
        (b"x: a\rb: c\r\ncontent-length: 27\r\n", BODY),
        (b"upgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 27\r\n", BODY),
    ],
)
def test_framing_that_two_servers_could_read_two_ways_is_refused(framing: bytes, body: bytes) -> None:
    async def test() -> None:
        async with running() as rig:
            smuggled = b"POST /v1/chat/completions HTTP/1.1\r\n" + HEAD + b"content-length: 2\r\n\r\n{}"
            told = b"POST /v1/chat/completions HTTP/1.1\r\n" + HEAD + framing + b"\r\n" + body + smuggled
            said = await raw(rig.port, told)
            assert said.startswith(b"HTTP/1.1 400"), said
            assert said.count(b"HTTP/1.1") == 1
            assert not rig.journal.admitted

    run(test)


def test_a_request_behind_another_on_the_same_connection_is_not_answered_early_or_mixed_up() -> None:
    async def test() -> None:
        async with running() as rig:
            first = request(b'{"model":"m","messages":[{"role":"user","content":"first"}]}')
            first = first.replace(b"connection: close\r\n", b"")
            said = await raw(
                rig.port, first + request(b'{"model":"m","messages":[{"role":"user","content":"second"}]}')
            )
            assert said.count(b"HTTP/1.1 200") == 1
            assert b"first" in said
            assert b"second" not in said

    run(test)


@pytest.mark.parametrize(
    "line", [b"GET http://evil.example/v1/models HTTP/1.1", b"CONNECT evil.example:443 HTTP/1.1", b"POST * HTTP/1.1"]
)
def test_only_a_path_is_a_target(line: bytes) -> None:
    async def test() -> None:
        async with running() as rig:
            assert (await raw(rig.port, line + b"\r\n" + HEAD + b"\r\n")).startswith(b"HTTP/1.1 400")

    run(test)


def test_sizes_are_limited_and_the_error_reaches_a_caller_who_is_still_sending() -> None:
    async def test() -> None:
        async with running(listen=Listen(max_body_bytes=1000, max_header_bytes=2000)) as rig:
            assert (await raw(rig.port, request(b"x" * 1001))).startswith(b"HTTP/1.1 413")
            announced = request(BODY).replace(b"content-length: 27", b"content-length: 99999999")
            assert (await raw(rig.port, announced, b"x" * 100_000)).startswith(b"HTTP/1.1 413")
            chunks = b"POST /v1/chat/completions HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n"
            assert (await raw(rig.port, chunks + b"fff\r\n" + b"x" * 4095 + b"\r\n")).startswith(b"HTTP/1.1 413")
            long = request(BODY, extra="x: " + "y" * 3000 + "\r\n")
            assert (await raw(rig.port, long)).startswith(b"HTTP/1.1 431")
            assert (await raw(rig.port, b"GET /" + b"y" * 5000)).startswith(b"HTTP/1.1 431")

    run(test)


def test_a_chunked_body_and_expect_continue_are_served() -> None:
    async def test() -> None:
        async with running() as rig:
            head = b"POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\nexpect: 100-continue\r\n" + HEAD
            body = b"transfer-encoding: chunked\r\n\r\n5\r\n" + BODY[:5] + b"\r\n16\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
            said = await raw(rig.port, head + body)
            assert said.startswith((b"HTTP/1.1 100", b"HTTP/1.1 200"))
            assert b"HTTP/1.1 200" in said
            assert rig.seen[0][2] == BODY

    run(test)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.binary(max_size=200), max_size=4), as_body=st.booleans())
def test_any_bytes_get_an_error_or_silence_and_the_gateway_goes_on(*, pieces: list[bytes], as_body: bool) -> None:
    async def test() -> None:
        async with running(listen=Listen(header_seconds=0.01, body_seconds=0.01)) as rig:
            said = await raw(rig.port, request(b"".join(pieces)) if as_body else b"".join(pieces))
            assert not said or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 100"))
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 200")
            assert not rig.limits.holds[1:]

    run(test)
