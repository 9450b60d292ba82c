"""Streams that the gateway itself holds: paused, paced, drained, cancelled, or never begun."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter

from gateway_rig import STREAM_HEAD, chunked, delta, raw, request, run, running, scripted
from stillwatch.gateway.nouns import Action, Effect, Mode
from stillwatch.gateway.settings import Listen

ASK = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
WHOLE = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()


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
