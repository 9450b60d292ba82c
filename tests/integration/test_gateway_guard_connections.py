"""What strangers leave behind: connections are limited, and freed when they end."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from gateway_rig import KEY, raw, request, run, running
from stillwatch.gateway.settings import Listen

BODY = b'{"model":"m","messages":[]}'
HEAD = f"host: x\r\nauthorization: Bearer {KEY}\r\n".encode()


def test_connections_are_limited() -> None:
    async def test() -> None:
        async with running(listen=Listen(max_connections=0)) as rig:
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 503")

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
