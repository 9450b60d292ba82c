"""Streams through the gateway: nothing is held back, and however they end, the record and the charge are right."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from gateway_rig import STREAM_HEAD, chunked, delta, raw, request, run, running, scripted

ASK = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
WHOLE = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n'


def test_the_first_event_arrives_before_the_second_is_written() -> None:
    async def test() -> None:
        first_seen = asyncio.Event()

        async def play(_: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD + chunked(delta("one")))
            await first_seen.wait()
            writer.write(chunked(delta("two")) + b"0\r\n\r\n")

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(ASK))
            assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
            assert b'"one"' in await reader.readuntil(b"\n\n")
            first_seen.set()
            assert b'"two"' in await reader.readuntil(b"\n\n")
            writer.close()

    run(test)


def test_headers_arrive_before_the_first_event() -> None:
    async def test() -> None:
        head_seen = asyncio.Event()

        async def play(_: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD)
            await head_seen.wait()
            writer.write(chunked(delta("one")) + b"0\r\n\r\n")

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(ASK))
            await reader.readuntil(b"\r\n\r\n")
            head_seen.set()
            await reader.readuntil(b"0\r\n\r\n")
            writer.close()

    run(test)


def test_a_hang_up_stops_the_model_server_and_charges_what_was_delivered() -> None:
    async def test() -> None:
        stopped = asyncio.Event()

        async def play(reader: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD + chunked(b"".join(map(delta, "abcde"))))
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            stopped.set()

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(ASK))
            await reader.readuntil(b'"e"')
            writer.close()
            await stopped.wait()
            await rig.quiet()
            row = rig.journal.only
            assert (row["status"], row["output_tokens"], row["finish_reason"]) == (200, 5, "cancelled")
            hold = rig.limits.only
            assert (sum(hold.captured), hold.released) == (5, 1)

    run(test)


def test_a_hang_up_before_the_answer_leaves_a_record_and_no_output() -> None:
    async def test() -> None:
        asked, stopped = asyncio.Event(), asyncio.Event()

        async def play(reader: StreamReader, _: StreamWriter) -> None:
            asked.set()
            with suppress(ConnectionResetError):
                await reader.read()
            stopped.set()

        async with scripted(play) as url, running(upstream=url) as rig:
            _, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(WHOLE))
            await asked.wait()
            writer.close()
            await stopped.wait()
            await rig.quiet()
            assert (rig.journal.only["status"], rig.journal.only["output_tokens"]) == (499, 0)
            assert (rig.limits.only.released, rig.limits.only.input_tokens) == (1, None)

    run(test)


def test_usage_split_over_reads_and_line_ends_of_either_kind_is_found() -> None:
    async def test() -> None:
        async def play(_: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD)
            for at in range(0, len(whole), 7):
                writer.write(chunked(whole[at : at + 7]))
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")

        for blank in (b"\n\n", b"\r\n\r\n"):
            whole = (delta("x") + USAGE + b"data: [DONE]\n\n").replace(b"\n\n", blank)
            async with scripted(play) as url, running(upstream=url) as rig:
                answer = await raw(rig.port, request(ASK))
                assert b"[DONE]" in answer
                assert b"usage" not in answer
                assert (rig.journal.only["input_tokens"], rig.journal.only["output_tokens"]) == (7, 5)

    run(test)


def test_an_answer_that_lasts_until_the_connection_closes_is_whole() -> None:
    async def test() -> None:
        async def play(_: StreamReader, writer: StreamWriter) -> None:
            body = b'{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
            writer.write(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body
            )
            await writer.drain()

        async with scripted(play) as url, running(upstream=url) as rig:
            assert b'"completion_tokens":4' in await raw(rig.port, request(WHOLE))
            assert rig.journal.only["output_tokens"] == 4

    run(test)


def test_a_slow_reader_holds_the_model_server_back() -> None:
    async def test() -> None:
        written = 0

        async def play(_: StreamReader, writer: StreamWriter) -> None:
            nonlocal written
            writer.write(STREAM_HEAD)
            piece = chunked(delta("x" * 60_000))
            for _ in range(1000):
                writer.write(piece)
                await writer.drain()
                written += len(piece)

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port, limit=1 << 16)
            writer.write(request(ASK))
            await reader.readuntil(b"\r\n\r\n")
            before = -1
            while written != before:
                before = written
                await asyncio.sleep(0.2)
            writer.transport.abort()
            assert written < 40_000_000  # of 60 MB: kernel buffers and no more
            await rig.quiet()
            assert rig.journal.only["finish_reason"] == "cancelled"

    run(test)
