"""OpenTelemetry spans of a real gateway, at a receiver on loopback: what they say, and what they never say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from benchmarks.gateway.callers import ask, call
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import UPSTREAM_KEY, RealGateway, eventually, get

from loopback import answering
from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects

pytest.importorskip("opentelemetry.sdk.trace", reason="the extra otel is not installed")

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

WORDS = "the plan of the treasure"


@dataclass
class Collector:
    """Keeps what exporters send; refuses it while ``status`` is another one."""

    bodies: list[bytes] = field(default_factory=list)
    status: int = 200

    def take(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        assert path == "/v1/traces"
        if self.status == 200:
            self.bodies.append(body)
        return self.status, "application/x-protobuf", b""

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [MessageToDict(ExportTraceServiceRequest.FromString(body)) for body in self.bodies]

    @property
    def spans(self) -> list[dict[str, Any]]:
        scopes = [s for d in self.documents for r in d["resourceSpans"] for s in r["scopeSpans"]]
        return [span for scope in scopes for span in scope["spans"]]


@dataclass
class World:
    collector: Collector
    model: FaultyModel
    gateway: RealGateway

    def ask(self, prompt: str, *, account: str = "alice", **body: Any) -> str:
        """Make a call; return its id."""
        status, head, _ = asyncio.run(call(self.gateway.port, ask(self.gateway.keys[account], prompt, **body)))
        assert status in {200, 502}
        return head.decode().split("stillwatch-call: ")[1].split("\r\n")[0]

    def span_of(self, call_id: str) -> dict[str, Any]:
        """Wait for the span of a call; return it with its attributes as plain values."""
        return dict(eventually(lambda: next((s for s in self.collector.spans if called(s) == call_id), None)))

    def metrics(self) -> dict[str, float]:
        token = (self.gateway.folder / ".stillwatch/admin-token").read_text().strip()
        page = get(f"http://127.0.0.1:{self.gateway.admin}/metrics", authorization=f"Bearer {token}")[1].decode()
        lines = [line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("stillwatch_spans")]
        return {name: float(value) for name, value in lines}


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}


def called(span: dict[str, Any]) -> str:
    return str(attributes(span)["stillwatch.call.id"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    collector = Collector()
    with answering(collector.take) as url, FaultyModel() as model:
        more = f'[telemetry]\notlp_endpoint = "{url}"\n'
        with RealGateway(tmp_path_factory.mktemp("spans"), model.url, more=more) as gateway:
            yield World(collector, model, gateway)


def test_our_own_ingest_reads_what_the_gateway_sends(world: World, tmp_path: Path) -> None:
    whole = world.span_of(world.ask(f"hello {WORDS}", max_tokens=50))
    streamed = world.span_of(world.ask(f"hello {WORDS}", stream=True))
    others = world.span_of(world.ask(f"hello {WORDS}", account="bob"))
    exported = tmp_path / "spans.jsonl"
    exported.write_text("".join(json.dumps(d) + "\n" for d in world.collector.documents))
    rejects = Rejects(None)
    rows = [row for b in read_calls(find_inputs([exported], source="otel"), rejects=rejects) for row in b.to_pylist()]
    assert not rejects.rejected
    mine = {whole["spanId"]: whole, streamed["spanId"]: streamed, others["spanId"]: others}
    by_span = {row["call_id"].split(":")[1]: row for row in rows if row["call_id"].split(":")[1] in mine}
    first, second, third = (by_span[span] for span in mine)
    assert first["account"] == second["account"] != third["account"]
    assert "alice" not in {row["account"] for row in rows}
    assert (first["model"], first["operation"], first["channel"]) == ("stand-in", "chat", "openai")
    assert (first["status"], first["finish_reason"], first["max_output_tokens"]) == (200, "stop", 50)
    assert (first["stream"], second["stream"]) == (None, True)
    assert first["input_tokens"] > 0
    assert first["output_tokens"] == second["output_tokens"] > 0


def test_nothing_of_prompt_answer_or_key_is_in_a_span(world: World) -> None:
    world.span_of(world.ask(f"hello {WORDS}"))
    world.span_of(world.ask(f"hello {WORDS}", stream=True))
    sent = b"".join(world.collector.bodies)
    secrets = [WORDS, UPSTREAM_KEY, *world.gateway.keys.values(), "alice", "127.0.0.1:"]
    assert not [secret for secret in secrets if secret.encode() in sent]
    assert not [key.split("-")[1] for key in world.gateway.keys.values() if key.split("-")[1].encode() in sent]


def test_a_call_that_failed_says_how(world: World) -> None:
    span = world.span_of(world.ask("cut"))
    assert attributes(span)["error.type"] == "502"
    assert span["status"] == {"code": "STATUS_CODE_ERROR"}


def test_a_collector_that_refuses_costs_spans_and_is_counted(world: World) -> None:
    world.span_of(world.ask("hello"))
    world.collector.status = 400
    try:
        before = world.metrics()["stillwatch_spans_failed_total"]
        world.ask("hello")
        eventually(lambda: world.metrics()["stillwatch_spans_failed_total"] > before)
    finally:
        world.collector.status = 200
    world.span_of(world.ask("hello"))
    eventually(lambda: "spans are taken again" in world.gateway.said())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the process tree from /proc")
def test_what_comes_while_no_exporter_lives_waits_for_the_next_one(world: World) -> None:
    def exporters() -> set[int]:
        lists = Path(f"/proc/{world.gateway.pid}/task").glob("*/children")
        children = [child for one in lists for child in one.read_text().split()]
        return {int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()}

    world.span_of(world.ask("hello"))
    (victim,) = exporters()
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in exporters())
    world.span_of(world.ask("hello"))


def test_the_last_spans_are_sent_when_the_gateway_stops(world: World) -> None:
    world.span_of(world.ask("hello"))
    asked = world.ask("hello")
    world.gateway.stop()
    assert asked in set(map(called, world.collector.spans))
    assert not (world.gateway.folder / ".stillwatch/spans.pipe").exists()
    world.gateway.start()
