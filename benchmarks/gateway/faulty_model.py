"""A model server on loopback that misbehaves as the prompt tells it, and remembers everything that reached it.

Words of a prompt that mean something: ``hang`` answers nothing, ``reset`` resets the connection, ``cut`` stops in the
middle of an event (or of a whole answer), ``garbage`` says something that is no HTTP, ``wrong`` says JSON that is no
answer, ``redirect`` sends elsewhere, ``bomb`` says that its answer is compressed, ``slow`` sends an event every 20 ms.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

WORDS = 30
"""Tokens of an answer."""
EVENT_SECONDS = 0.02
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Reached:
    """One request as it arrived."""

    line: str
    head: bytes
    body: bytes

    @property
    def prompt(self) -> str:
        """Return the caller's words; empty where there are none."""
        try:
            said: dict[str, Any] = json.loads(self.body)
            return str(said["messages"][0]["content"])
        except (ValueError, KeyError, IndexError, TypeError):
            return ""


class FaultyModel:
    """The server, in a thread of its own. Use as a context manager; ``reached`` grows while it runs."""

    def __init__(self) -> None:
        self.reached: list[Reached] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), "the stand-in model did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    body = await reader.readexactly(_length(head))
                    asked = Reached(head.split(b"\r\n")[0].decode("latin-1"), head, body)
                    self.reached.append(asked)
                    if not await answer(asked, writer):
                        break
        finally:
            writer.close()


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].split(b":")[1]) if lines else 0


async def answer(asked: Reached, writer: asyncio.StreamWriter) -> bool:
    """Do what the prompt says; return whether the connection goes on."""
    words = set(asked.prompt.split())
    if "hang" in words:
        await asyncio.sleep(3600)
    if "reset" in words:
        reset(writer)
        return False
    for word, said in ODD.items():
        if word in words:
            writer.write(said)
            return False
    if b'"stream":true' in asked.body.replace(b" ", b""):
        return await _stream(words, writer)
    whole = json.dumps(_answer()).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(whole))
    if "cut" in words:
        writer.write(whole[: len(whole) // 2])
        return False
    writer.write(whole)
    await writer.drain()
    return True


ODD = {
    "garbage": b"\x16\x03\x01\x02 I am no HTTP server \xff\xfe\r\n\r\n" * 20,
    "redirect": b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/stolen\r\ncontent-length: 0\r\n\r\n",
    "bomb": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
    b"content-length: 20\r\n\r\n" + b"\x1f\x8b" + bytes(18),
    "wrong": b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"usage":"many"',
}


async def _stream(words: set[str], writer: asyncio.StreamWriter) -> bool:
    writer.write(STREAM)
    for number in range(WORDS):
        event = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
        if "cut" in words and number == WORDS // 2:
            writer.write(b"%x\r\n%s" % (len(event), event[: len(event) // 2]))
            return False
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        if "slow" in words:
            await writer.drain()
            await asyncio.sleep(EVENT_SECONDS)
    end = b"data: %s\n\ndata: [DONE]\n\n" % json.dumps({"id": "c", "choices": [], "usage": _usage()}).encode()
    writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))
    await writer.drain()
    return True


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 7, "completion_tokens": WORDS, "total_tokens": 7 + WORDS}


def _answer() -> dict[str, object]:
    message = {"role": "assistant", "content": "word " * WORDS}
    return {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": _usage()}


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection so that the other side gets a reset (SO_LINGER of no seconds)."""
    end: Callable[..., None] = writer.get_extra_info("socket").setsockopt
    end(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
