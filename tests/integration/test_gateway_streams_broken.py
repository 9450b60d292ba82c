"""Model servers that write garbage, die, hang, fall silent, or are not to be reached."""

from __future__ import annotations

import json
from asyncio import StreamReader, StreamWriter

import pytest

from gateway_rig import STREAM_HEAD, chunked, delta, raw, request, run, running, scripted

ASK = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
WHOLE = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()


@pytest.mark.parametrize(
    ("answer", "status", "finish"),
    [
        (b"", 502, None),
        (b"nonsense\r\n\r\n", 502, None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", 502, None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", 502, None),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", 502, None),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000, 502, None),
        (STREAM_HEAD + chunked(delta("one")) + b"zz\r\n", 200, "error"),
        (STREAM_HEAD + chunked(delta("one")) + b"8\r\n{", 200, "error"),
        (STREAM_HEAD + chunked(delta("one") + b'data: {"half'), 200, "error"),
    ],
)
def test_garbage_from_the_model_server_ends_in_an_error_and_a_whole_record(
    answer: bytes, status: int, finish: str | None
) -> None:
    async def test() -> None:
        async def play(_: StreamReader, writer: StreamWriter) -> None:
            writer.write(answer)
            await writer.drain()

        async with scripted(play) as url, running(upstream=url) as rig:
            said = await raw(rig.port, request(ASK))
            assert said.startswith(b"HTTP/1.1 %d" % status)
            assert b'"error":{"message":"The model server' in said
            await rig.quiet()
            row = rig.journal.only
            assert (row["status"], row.get("finish_reason")) == (status, finish)
            assert rig.limits.only.released == 1
            if status == 200:
                assert said.endswith(b"\n\n\r\n0\r\n\r\n")
                assert b"half" not in said
                assert row["output_tokens"] == 1
            else:
                assert rig.limits.only.input_tokens == 0

    run(test)


def test_a_dead_kept_alive_connection_is_replaced_once_and_the_call_is_made_once() -> None:
    async def test() -> None:
        calls = 0

        async def play(reader: StreamReader, writer: StreamWriter) -> None:
            nonlocal calls
            calls += 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")  # the next request begins, and is answered with a close

        async with scripted(play) as url, running(upstream=url) as rig:
            for _ in range(2):
                assert (await raw(rig.port, request(WHOLE))).startswith(b"HTTP/1.1 200")
            assert calls == 2
            assert len(rig.journal.finished) == 2

    run(test)


def test_an_upstream_that_hangs_is_given_up_after_its_time() -> None:
    async def test() -> None:
        async def play(reader: StreamReader, _: StreamWriter) -> None:
            await reader.read()

        async with scripted(play) as url, running(upstream=url, first_byte_seconds=0.1) as rig:
            assert (await raw(rig.port, request(WHOLE))).startswith(b"HTTP/1.1 504")
            assert rig.journal.only["status"] == 504

    run(test)


def test_a_stream_that_falls_silent_ends_with_an_error_event() -> None:
    async def test() -> None:
        async def play(reader: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD + chunked(delta("one")))
            await reader.read()

        async with scripted(play) as url, running(upstream=url, idle_seconds=0.1) as rig:
            said = await raw(rig.port, request(ASK))
            assert b"stopped answering" in said
            assert said.endswith(b"0\r\n\r\n")

    run(test)


def test_a_model_server_that_cannot_be_reached_is_502_and_charges_nothing() -> None:
    async def test() -> None:
        async with running(upstream="http://127.0.0.1:9") as rig:
            assert (await raw(rig.port, request(WHOLE))).startswith(b"HTTP/1.1 502")
            assert (rig.limits.only.input_tokens, rig.limits.only.released) == (0, 1)

    run(test)


def test_a_private_address_is_not_connected_to_unless_settings_say_so() -> None:
    async def test() -> None:
        async with running(allow_private=False) as rig:
            said = await raw(rig.port, request(WHOLE))
            assert said.startswith(b"HTTP/1.1 502")
            assert b"127.0.0.1" not in said
            assert not rig.seen

    run(test)
