"""Streams through the gateway: nothing is held back, and however they end, the record and the charge are right."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

import pytest

from gateway_rig import STREAM_HEAD, chunked, delta, raw, request, run, running, scripted
from stillwatch.gateway.nouns import Action, Effect, Mode
from stillwatch.gateway.settings import Listen

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


def test_a_stream_pauses_while_the_budget_is_empty_and_goes_on() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.limits.pauses = [0.02, 0.01, 0.0]
            said = await raw(rig.port, request(ASK))
            assert b"[DONE]" in said
            assert rig.limits.only.captured.count(0.0) >= 1
            assert sum(rig.limits.only.captured) == 1

    run(test)


def test_a_stream_without_tokens_for_too_long_ends_with_a_limit_error() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.limits.pauses = [1e6]
            said = await raw(rig.port, request(ASK))
            assert b"rate_limit_exceeded" in said
            assert said.endswith(b"0\r\n\r\n")
            assert rig.journal.only["finish_reason"] == "error"

    run(test)


def test_a_paced_stream_is_whole_and_says_so() -> None:
    async def test() -> None:
        pace = Effect(Action.PACE, "slow", Mode.ENFORCE, "many calls", amount=200.0)
        async with running(pace) as rig:
            body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "[words 20]"}]})
            said = await raw(rig.port, request(body.encode()))
            assert said.count(b'"content":"Hello! "') == 20
            assert b'stillwatch-effect: pace;amount=200;reason="many calls"' in said

    run(test)


def test_draining_lets_a_stream_end_and_takes_no_further_request() -> None:
    async def test() -> None:
        go_on = asyncio.Event()

        async def play(_: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD + chunked(delta("one")))
            await go_on.wait()
            writer.write(chunked(delta("two")) + b"0\r\n\r\n")

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(ASK).replace(b"connection: close\r\n", b""))
            await reader.readuntil(b'"one"')
            for connection in list(rig.state.connections):
                connection.shutdown()
            go_on.set()
            assert b'"two"' in await reader.read()
            writer.close()
            assert rig.journal.only["status"] == 200

    run(test)


def test_a_cancelled_call_is_settled_and_recorded_before_the_parts_stop() -> None:
    async def test() -> None:
        async def play(reader: StreamReader, writer: StreamWriter) -> None:
            writer.write(STREAM_HEAD + chunked(delta("one")))
            await reader.read()

        async with scripted(play) as url, running(upstream=url) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
            writer.write(request(ASK))
            await reader.readuntil(b'"one"')
            for task in list(rig.state.tasks):
                task.cancel()
            await rig.proxy.stop()
            assert rig.journal.only["finish_reason"] == "cancelled"
            writer.close()

    run(test)


def test_a_request_that_never_completes_is_answered_408() -> None:
    async def test() -> None:
        async with running(listen=Listen(header_seconds=0.1, body_seconds=0.1)) as rig:
            assert (await raw(rig.port, b"POST / HTTP/1.1\r\nhost: x\r\n")).startswith(b"HTTP/1.1 408")
            assert (await raw(rig.port, request(WHOLE)[:-5])).startswith(b"HTTP/1.1 408")
            assert await raw(rig.port, b"") == b""
            assert not rig.journal.admitted

    run(test)
