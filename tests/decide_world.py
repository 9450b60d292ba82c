"""Neighbours of the decision service that can be looked into, and servers on loopback for tests with real gateways."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from stillwatch.gateway.decide import DecideApp
from stillwatch.gateway.decision_service import DecisionService, Neighbours
from stillwatch.gateway.nouns import UNKNOWN, Action, Ask, Caller, Decision, Effect, Level, Mode, Standing, Unit
from stillwatch.gateway.ports import Cost, Headroom, LimitExceeded, StoreClosed, Subjects

TOKEN = "t-" + "0123456789abcdef"
NOW = 1_800_000_000.0
START_SECONDS = 180.0
"""A program that does not answer by then is broken: LiteLLM takes 15 on a busy machine."""


def effect(action: Action, amount: float | None = None, *, mode: Mode = Mode.ENFORCE, silent: bool = False) -> Effect:
    """Return an effect that ends in an hour."""
    return Effect(action, f"rule {action}", mode, "because", amount, "https://example.com/x", NOW + 3600, silent)


class OneHold:
    """Counts what is done to it."""

    def __init__(self, pauses: list[float]) -> None:
        self.captured = 0.0
        self.input_tokens: float | None = None
        self.released = 0
        self._pauses = pauses

    def capture(self, output_tokens: float) -> float:
        self.captured += output_tokens
        return self._pauses.pop(0) if self._pauses else 0.0

    def settle_input(self, input_tokens: float) -> None:
        self.input_tokens = input_tokens

    def release(self) -> None:
        self.released += 1

    def headroom(self) -> Mapping[Unit, Headroom]:
        return {Unit.CALLS: Headroom(10, 9, 6.0)}


@dataclass
class World:
    """All neighbours at once: keys, what is decided for each account, and what was held."""

    keys: dict[str, Caller] = field(default_factory=dict)
    effects: dict[str, list[Effect]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    over_limit: set[str] = field(default_factory=set)
    closed: bool = False
    pauses: list[float] = field(default_factory=list)
    asked: list[tuple[Caller, Ask]] = field(default_factory=list)
    admitted: list[tuple[Subjects, Cost]] = field(default_factory=list)
    holds: list[OneHold] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    now: float = NOW
    steady: float = 0.0

    def find(self, credential: str) -> Caller | None:
        return self.keys.get(credential)

    def of(self, account: str) -> Standing:
        return self.standings.get(account, UNKNOWN)

    def decide(self, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
        assert now == self.now
        assert standing == self.of(caller.account)
        self.asked.append((caller, ask))
        return Decision(tuple(self.effects.get(caller.account, ())))

    async def admit(self, subjects: Subjects, cost: Cost) -> OneHold:
        if self.closed:
            raise StoreClosed
        if subjects.account in self.over_limit:
            raise LimitExceeded(Level.CAMPAIGN, Unit.OUTPUT_TOKENS, 2.2)
        self.admitted.append((subjects, cost))
        self.holds.append(OneHold(self.pauses))
        return self.holds[-1]

    def join_campaign(self, account: str, campaign: str) -> None:
        raise NotImplementedError

    def admit_call(self, call_id: str, row: Mapping[str, object]) -> None:
        raise NotImplementedError

    def finish(self, call_id: str, row: Mapping[str, object]) -> None:
        raise NotImplementedError

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        self.notes.append((kind, row))

    def forget(self) -> None:
        """Be as new: no keys, nothing decided, nothing asked."""
        for kept in (self.keys, self.effects, self.standings, self.over_limit):
            kept.clear()
        for listed in (self.pauses, self.asked, self.admitted, self.holds, self.notes):
            listed.clear()
        self.closed = False

    def service(self) -> DecisionService:
        """Return a decision service among these neighbours."""
        neighbours = Neighbours(self, self, self, self, self)  # type: ignore[arg-type]
        return DecisionService(neighbours, clock=lambda: self.now, steady=lambda: self.steady)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an ASGI application on a free port of loopback, in a thread; yield the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_for(lambda: server.started, "the server")
        yield port
        server.should_exit = True
        thread.join(timeout=10)


def decide_app(world: World, **settings: Any) -> DecideApp:
    """Return the decision service as an application that TOKEN opens."""
    return DecideApp(world.service(), token=TOKEN, **settings)


class StandInModel:
    """A model server of OpenAI's shape: ten words and the usage, streamed or not; keeps the bodies it got."""

    def __init__(self, *, words: int = 10, seconds: float = 0.0) -> None:
        """``seconds`` pass between two events of a stream."""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.words, self.seconds = words, seconds

    def forget(self) -> None:
        """Forget what it was sent."""
        self.bodies.clear()
        self.headers.clear()

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        body = json.loads(raw) if raw else {}
        self.bodies.append(body)
        self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
        kind = b"text/event-stream" if body.get("stream") else b"application/json"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if body.get("stream"):
            for event in self._events(body):
                await send({"type": "http.response.body", "body": event, "more_body": True})
                await asyncio.sleep(self.seconds)
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": json.dumps(self._answer(body)).encode()})

    def _answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(self._words()), "reasoning_content": "secret thought"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return {**self._head(body, "chat.completion"), "choices": [choice], "usage": self._usage()}

    def _events(self, body: Mapping[str, Any]) -> Iterator[bytes]:
        head = self._head(body, "chat.completion.chunk")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "reasoning_content": "secret thought"}]
        deltas += [{"content": word} for word in self._words()]
        for number, delta in enumerate(deltas):
            reason = "stop" if number == len(deltas) - 1 else None
            chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            yield b"data: %s\n\n" % json.dumps(chunk).encode()
        yield b"data: %s\n\n" % json.dumps({**head, "choices": [], "usage": self._usage()}).encode()
        yield b"data: [DONE]\n\n"

    def _words(self) -> list[str]:
        return [f"word{number} " for number in range(self.words)]

    def _usage(self) -> dict[str, int]:
        return {"prompt_tokens": 7, "completion_tokens": self.words, "total_tokens": 7 + self.words}

    @staticmethod
    def _head(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": body.get("model", "m")}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def call(url: str, body: Mapping[str, Any] | None = None, *, raw: str | None = None, **headers: str) -> Reply:
    """Make one HTTP call; an error status is a reply like any other. ``raw`` is a body as it is."""
    text = raw if body is None else json.dumps(body)
    data = None if text is None else text.encode()
    lines = {name.replace("_", "-"): value for name, value in headers.items()} | {"content-type": "application/json"}
    request = urllib.request.Request(url, data, lines)  # noqa: S310  (loopback)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310  (the same)
            return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Reply(refused.code, {k.lower(): v for k, v in refused.headers.items()}, refused.read())


def chat(url: str, key: str, body: Mapping[str, Any], **headers: str) -> Reply:
    """Ask for a chat completion through whatever stands before the model at ``url``; ``body`` adds to the call."""
    asked = {"model": "large", "messages": [{"role": "user", "content": "hello"}], **body}
    return call(f"{url}/v1/chat/completions", asked, authorization=f"Bearer {key}", **headers)


@contextmanager
def running(command: list[str | Path], *, log: Path, ready: Callable[[], bool], **options: Any) -> Iterator[None]:
    """Run a program until it is ready, and stop it afterwards, whatever happened."""
    with log.open("wb") as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.STDOUT, **options)
        try:
            wait_for(lambda: process.poll() is not None or ready(), str(command[0]))
            assert process.poll() is None, log.read_text(errors="replace")[-4000:]
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(done: Callable[[], bool], what: str, *, seconds: float = START_SECONDS) -> None:
    """Wait until it is so; fail if it is not in time."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"{what} was not ready in {seconds:.0f} s"
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Tell whether a server answers at this address, whatever it says."""
    try:
        return call(url).status > 0
    except OSError:
        return False


def free_port() -> int:
    """Return a port of loopback that was free just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
