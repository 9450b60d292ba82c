"""A gateway in the test's own event loop, in front of a stand-in model, with neighbours that remember everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop
from uvicorn.server import ServerState

from stillwatch.gateway.connection import GuardedConfig, ServerConnection
from stillwatch.gateway.nouns import Ask, Caller, Decision, Effect, Level, Standing, Unit
from stillwatch.gateway.nulls import OneKey
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.ports import Cost, Headroom, LimitExceeded, Subjects
from stillwatch.gateway.proxy import Proxy
from stillwatch.gateway.settings import GatewaySettings, Listen, Model, Upstream
from stillwatch.gateway.standin.app import Standin
from stillwatch.gateway.standin.server import StandinServer

KEY = "sw-0123456789ab-secret"
CALLER = Caller("acme", key="sw-0123456789ab", organization="acme-org", plan="paid")


class Memory:
    """A journal in memory that checks its own contract: admitted once, finished once, in this order."""

    def __init__(self) -> None:
        self.admitted: dict[str, Mapping[str, object]] = {}
        self.finished: dict[str, Mapping[str, object]] = {}
        self.notes: list[tuple[str, Mapping[str, object]]] = []
        self.full: Exception | None = None

    def admit(self, call_id: str, row: Mapping[str, object]) -> None:
        if self.full is not None:
            raise self.full
        assert call_id not in self.admitted
        self.admitted[call_id] = dict(row)

    def finish(self, call_id: str, row: Mapping[str, object]) -> None:
        assert call_id in self.admitted
        assert call_id not in self.finished
        self.finished[call_id] = dict(row)

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        self.notes.append((kind, row))

    @property
    def only(self) -> dict[str, Any]:
        """The one call's whole row."""
        (call_id,) = self.admitted
        return {**self.admitted[call_id], **self.finished[call_id]}


@dataclass
class Held:
    """One hold: what was captured, settled and released."""

    subjects: Subjects
    cost: Cost
    pauses: list[float] = field(default_factory=list)
    captured: list[float] = field(default_factory=list)
    input_tokens: float | None = None
    released: int = 0

    def capture(self, output_tokens: float) -> float:
        self.captured.append(output_tokens)
        return self.pauses.pop(0) if self.pauses else 0.0

    def settle_input(self, input_tokens: float) -> None:
        assert self.input_tokens is None
        self.input_tokens = input_tokens

    def release(self) -> None:
        self.released += 1

    def headroom(self) -> Mapping[Unit, Headroom]:
        return {
            Unit.CALLS: Headroom(60, 59, 1.0),
            Unit.INPUT_TOKENS: Headroom(1000, 900, 6.0),
            Unit.OUTPUT_TOKENS: Headroom(2000, 1500, 90.0),
        }


class Holds:
    """A limiter that remembers; ``refuse`` is raised instead, where set."""

    def __init__(self) -> None:
        self.holds: list[Held] = []
        self.pauses: list[float] = []
        self.refuse: Exception | None = None

    async def admit(self, subjects: Subjects, cost: Cost) -> Held:
        if self.refuse is not None:
            raise self.refuse
        self.holds.append(Held(subjects, cost, list(self.pauses)))
        return self.holds[-1]

    def join_campaign(self, account: str, campaign: str) -> None:
        raise AssertionError((account, campaign))

    @property
    def only(self) -> Held:
        (hold,) = self.holds
        return hold


class Rules:
    """A policy that orders the same effects for everyone."""

    def __init__(self, *effects: Effect) -> None:
        self.effects = effects

    def decide(self, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
        del caller, ask, standing, now
        return Decision(self.effects)


LIMIT_REACHED = LimitExceeded(Level.CAMPAIGN, Unit.OUTPUT_TOKENS, 7.2)


@dataclass
class Rig:
    """A running gateway and everything behind it."""

    url: str
    port: int
    proxy: Proxy
    parts: Parts
    journal: Memory
    limits: Holds
    standin: Standin
    seen: list[tuple[str, dict[bytes, bytes], bytes]]
    state: ServerState

    @property
    def openai(self) -> dict[str, Any]:
        return {"base_url": f"{self.url}/v1", "api_key": KEY, "max_retries": 0}

    @property
    def anthropic(self) -> dict[str, Any]:
        return {"base_url": self.url, "api_key": KEY, "max_retries": 0}

    async def quiet(self) -> None:
        """Wait until no call is under way."""
        if self.state.tasks:
            await asyncio.wait(self.state.tasks)


@asynccontextmanager
async def running(
    *effects: Effect,
    upstream: str | None = None,
    listen: Listen | None = None,
    allow_paths: tuple[str, ...] = (),
    **upstream_settings: Any,
) -> AsyncIterator[Rig]:
    """Run a gateway in front of the stand-in, or of another upstream."""
    seen: list[tuple[str, dict[bytes, bytes], bytes]] = []
    standin = Standin(lambda path, headers, body: seen.append((path, dict(headers), body)))
    server = StandinServer(standin)
    await server.start()
    journal, limits = Memory(), Holds()
    listen = listen or Listen()
    told = {"allow_private": True, **upstream_settings}
    parts = Parts(
        GatewaySettings(
            listen=listen,
            upstreams=(
                Upstream("o", upstream or server.url, **told),
                Upstream("a", upstream or server.url, dialect="anthropic", **told),
            ),
            models=(
                Model("m", "o", aliases=("m-latest",)),
                Model("renamed", "o", upstream_model="inner/m"),
                Model("claude", "a"),
            ),
            verification_url="https://verify.example",
            allow_paths=allow_paths,
        ),
        keyring=OneKey(KEY, CALLER),
        limiter=limits,
        decider=Rules(*effects),
        recorder=journal,
    )
    proxy = Proxy(parts)
    await proxy.start()
    config = GuardedConfig(
        listen, app=proxy, http=ServerConnection, log_config=None, interface="asgi3", proxy_headers=False
    )
    state, loop = ServerState(), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: ServerConnection(config, state, {}, loop), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Rig(f"http://127.0.0.1:{port}", port, proxy, parts, journal, limits, standin, seen, state)
    finally:
        listening.close()
        for connection in list(state.connections):
            connection.shutdown()
        await proxy.stop()
        await config.deadlines.stop()
        await server.stop()
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test on uvloop, as the gateway does; a test that hangs fails after two minutes."""

    async def limited() -> None:
        async with asyncio.timeout(120):
            await test()

    uvloop.run(limited())


async def raw(port: int, *pieces: bytes, until: bytes | None = None) -> bytes:
    """Send bytes as they are and return all that comes back, to the end or to ``until``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if until is not None:
            return await reader.readuntil(until)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(body: bytes, *, path: str = "/v1/chat/completions", key: str = KEY, extra: str = "") -> bytes:
    """Return a plain request that ends its connection."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{extra}"
    return head.encode() + b"content-length: %d\r\n\r\n%s" % (len(body), body)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(data: bytes) -> bytes:
    """Return data as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def delta(text: str) -> bytes:
    """Return one event of a chat."""
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n' % text.encode()


@asynccontextmanager
async def scripted(
    play: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a model server that reads a request and then does exactly what the test says; yield its URL."""
    failures: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except BaseException as problem:  # noqa: BLE001  (told to the test below)
            failures.append(problem)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
    assert not failures, failures
