"""Callers that put load on a gateway and remember what each of their calls came to."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from dataclasses import dataclass, field

KINDS = ("", "slow", "cut")
"""What prompts ask of the model: mostly an answer at once, some slow streams, some that break off."""
WAIT_SECONDS = 60.0


@dataclass
class Outcome:
    """What a caller saw of one call."""

    marker: str
    status: int = 0
    """0: no answer at all."""
    call_id: str = ""
    is_whole: bool = False


@dataclass
class Callers:
    """A few connections, one call after the other on each, opened again when they break. Seeded."""

    port: int
    key: str
    lanes: int = 8
    seed: int = 1
    kinds: tuple[str, ...] = KINDS
    outcomes: list[Outcome] = field(default_factory=list)
    stopped: bool = False

    def __post_init__(self) -> None:
        self._draw, self._numbers = random.Random(self.seed), itertools.count(1)

    async def run(self) -> None:
        """Call until ``stopped``."""
        await asyncio.gather(*(self._lane() for _ in range(self.lanes)))

    async def _lane(self) -> None:
        while not self.stopped:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                while not self.stopped:
                    await self._call(reader, writer)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                await asyncio.sleep(0.01)
            finally:
                writer.close()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outcome = Outcome(f"marker-{self.seed}-{next(self._numbers)}-end")
        self.outcomes.append(outcome)
        prompt = f"{outcome.marker} {self._draw.choice(self.kinds)}"
        writer.write(ask(self.key, prompt, stream=self._draw.random() < 0.5))
        async with asyncio.timeout(WAIT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            outcome.status = int(head[9:12])
            outcome.call_id = header(head, "stillwatch-call")
            await read_rest(reader, head)
        outcome.is_whole = True
        if header(head, "connection") == "close":
            raise OSError("the gateway closes this connection")


def ask(key: str, prompt: str, *, stream: bool = False, extra: str = "", **body: object) -> bytes:
    """Return a chat as bytes."""
    told = {"model": "stand-in", "messages": [{"role": "user", "content": prompt}], **body}
    if stream:
        told["stream"] = True
    data = json.dumps(told).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n{extra}"
    return head.encode() + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data)


def header(head: bytes, name: str) -> str:
    """Return a header's value, in small letters; empty where there is none."""
    start = name.encode() + b":"
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(start)]
    return lines[0][len(start) :].strip().decode() if lines else ""


async def read_rest(reader: asyncio.StreamReader, head: bytes) -> bytes:
    """Return the body of an answer whose head was read."""
    length = header(head, "content-length")
    if length:
        return await reader.readexactly(int(length))
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(pieces)


async def call(port: int, request: bytes) -> tuple[int, bytes, bytes]:
    """Send one request on a connection of its own; return status, head and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(WAIT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            return int(head[9:12]), head, await read_rest(reader, head)
    finally:
        writer.close()
