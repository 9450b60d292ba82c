"""What strangers send: paths, headers, framing and bodies that try to be read two ways."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_rig import KEY, raw, request, run, running, scripted
from stillwatch.gateway.nouns import Action, Effect, Mode
from stillwatch.gateway.ports import JournalFull, StoreClosed
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


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"model":"m"}{}',
        b'\xef\xbb\xbf{"model":"m"}',
        b'{"model":"m","x":NaN}',
        b'{"model":"m","messages":"\xff"}',
        b'{"model":"m","model":"other","messages":[]}',
        b'{"model":"m","mod\\u0065l":"other","messages":[]}',
        b'{"model":"m","Model":"other","messages":[]}',
        b'{"model":"m","\xc5\xbftream":true,"messages":[]}',
        b'{"model":"m","n":1,"n":99,"messages":[]}',
        b'{"model":"m","max_tokens":5,"max_tokens":9999999,"messages":[]}',
        b'{"model":"m","messages":[],"messages":[{"role":"user","content":"other"}]}',
        b'{"model":"m","stream":"true","messages":[]}',
        b'{"model":"m","stream":1,"messages":[]}',
        b'{"model":"m","n":true,"messages":[]}',
        b'{"model":"m","n":2.0,"messages":[]}',
        b'{"model":"m","n":129,"messages":[]}',
        b'{"model":"m","n":-1,"messages":[]}',
        b'{"model":"m","max_tokens":"5","messages":[]}',
        b'{"model":"m","stream_options":[],"stream":true,"messages":[]}',
        b'{"model":["m"],"messages":[]}',
        b'{"messages":[]}',
        b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_no_plain_ask_is_refused_before_it_costs_anything(body: bytes) -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(body))
            assert said.startswith(b"HTTP/1.1 400"), said
            assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["message"]
            assert not rig.seen
            assert not rig.limits.holds
            assert not rig.journal.admitted

    run(test)


def test_a_key_that_is_repeated_deep_inside_is_no_repetition() -> None:
    async def test() -> None:
        async with running() as rig:
            tools = b'[{"function":{"parameters":{"n":{"n":1},"model":"x"}}}]'
            body = b'{"tools":%s,"n":1,"model":"m","messages":["\\u0041"]}' % tools
            assert (await raw(rig.port, request(body))).startswith(b"HTTP/1.1 200")
            assert rig.seen[0][2] == body

    run(test)


def test_background_work_is_refused_for_its_answer_would_be_fetched_past_every_count() -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(b'{"model":"m","input":"x","background":true}', path="/v1/responses"))
            assert said.startswith(b"HTTP/1.1 400")

    run(test)


def test_a_compressed_body_is_refused_unread() -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(BODY, extra="content-encoding: gzip\r\n"))
            assert said.startswith(b"HTTP/1.1 415")

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


def test_headers_of_the_caller_stay_with_the_gateway() -> None:
    async def test() -> None:
        async with running() as rig:
            extra = "cookie: a=b\r\nx-forwarded-for: 6.6.6.6\r\nte: trailers\r\nproxy-authorization: z\r\n"
            await raw(rig.port, request(BODY, extra=extra))
            assert set(rig.seen[0][1]) == {b"host", b"accept-encoding", b"content-type", b"content-length"}
            assert rig.journal.only["client_address"] == "127.0.0.1"

    run(test)


def test_two_credentials_that_differ_are_none() -> None:
    async def test() -> None:
        async with running() as rig:
            for extra in ("x-api-key: other\r\n", f"authorization: Bearer {KEY}\r\n"):
                assert (await raw(rig.port, request(BODY, extra=extra))).startswith(b"HTTP/1.1 401")
            assert (await raw(rig.port, request(BODY, extra=f"x-api-key: {KEY}\r\n"))).startswith(b"HTTP/1.1 200")

    run(test)


def test_a_full_journal_and_a_closed_store_are_503_and_hold_nothing() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.journal.full = JournalFull()
            said = await raw(rig.port, request(BODY))
            assert said.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 5" in said
            assert rig.limits.only.released == 1
            assert not rig.seen
            rig.limits.refuse = StoreClosed()
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 503")

    run(test)


def test_connections_are_limited() -> None:
    async def test() -> None:
        async with running(listen=Listen(max_connections=0)) as rig:
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 503")

    run(test)


def test_health_is_open_and_names_what_is_wrong() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.parts.states.update(journal=lambda: "ok", store=lambda: {"status": "local", "since": 1})
            said = await raw(rig.port, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == "degraded"
            ready = b"HEAD /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            assert (await raw(rig.port, ready)).startswith(b"HTTP/1.1 200")
            rig.proxy.pages.is_ready = False
            assert (await raw(rig.port, ready)).startswith(b"HTTP/1.1 503")

    run(test)


def test_no_secret_reaches_the_log(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async def test() -> None:
        key = tmp_path / "key"
        key.write_text("upstream-secret\n")
        async with running(key_file=key) as rig:
            for text in ("[error 401]", "[break]", "hello"):
                await raw(
                    rig.port,
                    request(b'{"model":"m","messages":[{"role":"user","content":"secret-prompt %s"}]}' % text.encode()),
                )
            assert rig.seen[0][1][b"authorization"] == b"Bearer upstream-secret"
        async with running(upstream="http://127.0.0.1:9") as rig:
            await raw(rig.port, request(BODY))

    run(test)
    said = capfd.readouterr().err
    assert "upstream" in said
    assert all(json.loads(line)["says"] for line in said.splitlines())
    assert "secret" not in said


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


def test_an_allowed_path_is_relayed_as_it_is_and_counted_and_closed_to_whom_effects_apply() -> None:
    async def test() -> None:
        async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\n{"usage":{"input_tokens":7}}')

        cap = Effect(Action.CAP_N, "r", Mode.ENFORCE, "why", amount=1)
        async with scripted(play) as url, running(upstream=url, allow_paths=("/v1/rerank",)) as rig:
            body = b"--b\r\nnot json"
            said = await raw(rig.port, request(body, path="/v1/rerank", extra="content-type: multipart/x\r\n"))
            assert said.startswith(b"HTTP/1.1 200")
            assert rig.limits.only.cost.output_hold == 0.0
            assert rig.journal.only["model"] == "/v1/rerank"
            assert (await raw(rig.port, request(b"", path="/v1/rerank", key="no"))).startswith(b"HTTP/1.1 401")
            assert (await raw(rig.port, request(b"", path="/v1/rerank/"))).startswith(b"HTTP/1.1 404")
        async with running(cap, allow_paths=("/v1/rerank",)) as rig:
            assert (await raw(rig.port, request(b"{}", path="/v1/rerank"))).startswith(b"HTTP/1.1 403")
            assert not rig.seen

    run(test)


def test_connections_are_freed_when_they_close_without_the_collector_of_cycles() -> None:
    async def test() -> None:
        async with running() as rig:
            await raw(rig.port, request(BODY))
            gc.collect()
            gc.disable()
            try:
                connections: list[weakref.ref[object]] = []
                for body in (BODY, b"{", b'{"model":"m","stream":true,"messages":["[break]"]}'):
                    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
                    writer.write(request(body))
                    await reader.readexactly(9)
                    connections += [weakref.ref(c) for c in rig.state.connections]
                    connections += [weakref.ref(c) for c in rig.proxy.pools["o"]._open]
                    await reader.read()
                    writer.close()
                rig.proxy.pools["o"].close()
                assert connections
                for _ in range(1000):
                    if not [c for c in (ref() for ref in connections) if c is not None]:
                        break
                    await asyncio.sleep(0.01)
                else:
                    pytest.fail("a cycle of references holds a closed connection")
            finally:
                gc.enable()

    run(test)


def test_a_request_that_turns_out_wrong_before_its_call_began_leaves_nothing_behind() -> None:
    async def test() -> None:
        async with running() as rig:
            head = b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n" + HEAD
            assert (await raw(rig.port, head + b"\r\nzz\r\n")).startswith(b"HTTP/1.1 400")
            await asyncio.sleep(0)
            assert not rig.state.tasks

    run(test)
