"""A real Envoy asking ``stillwatch decide``: ext_authz over HTTP and gRPC, and the rate-limit service."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from decide_world import (
    TOKEN,
    Reply,
    StandInModel,
    World,
    answers,
    call,
    chat,
    decide_app,
    effect,
    free_port,
    serving,
    wait_for,
)
from real_proxies import needs_envoy, running_envoy
from stillwatch.gateway.adapters.envoy_server import EnvoyServer
from stillwatch.gateway.nouns import Action, Caller, Mode

CONFIG = Path(__file__).parents[2] / "docs/examples/envoy-decide.yaml"
pytestmark = [
    needs_envoy,
    pytest.mark.skipif(importlib.util.find_spec("grpc") is None, reason="no grpcio here"),
]
WAYS = ("http", "grpc")


class CountingModel(StandInModel):
    """Says in a header how many tokens it wrote, as a model server behind a rate-limit service must."""

    async def __call__(self, scope, receive, send) -> None:  # noqa: ANN001
        async def say(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-output-tokens", b"%d" % self.words)]}  # type: ignore[misc]
            await send(message)

        await super().__call__(scope, receive, say)


@dataclass
class Set:
    """Envoy between callers and a model, and the decision service beside it."""

    world: World
    model: StandInModel
    ports: dict[str, int]

    def chat(self, way: str, key: str, **body: object) -> Reply:
        url = f"http://127.0.0.1:{self.ports[way]}"
        return chat(url, key, body, stillwatch_account="forged", stillwatch_effect="forged")


@contextmanager
def grpc_service(world: World) -> Iterator[int]:
    """Serve the two gRPC services in a loop and thread of their own; yield the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[EnvoyServer, int]:
        server = EnvoyServer(world.service(), token=TOKEN)
        return server, await server.start("127.0.0.1", 0)

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=60)
    yield port
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(timeout=60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=10)
    loop.close()


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    folder = tmp_path_factory.mktemp("envoy")
    world, model = World(), CountingModel()
    with serving(decide_app(world)) as decide, grpc_service(world) as grpc, serving(model) as upstream:
        ports = {"http": free_port(), "grpc": free_port(), "rls": free_port()}
        said = {"10001": ports["http"], "10002": ports["grpc"], "10003": ports["rls"]}
        said |= {"8082": decide, "8083": grpc, "8000": upstream}
        text = CONFIG.read_text(encoding="utf-8").replace("TOKEN", TOKEN)
        for old, new in said.items():
            text = text.replace(f"port_value: {old}}}", f"port_value: {new}}}").replace(f':{old}"', f':{new}"')
        ready = lambda: all(answers(f"http://127.0.0.1:{port}/") for port in ports.values())  # noqa: E731
        with running_envoy(text, folder, ready=ready):
            yield Set(world, model, ports)


@pytest.fixture
def proxy(envoy: Set) -> Set:
    envoy.world.forget()
    envoy.model.forget()
    envoy.world.keys |= {"sw-alice": Caller("alice"), "sw-bad": Caller("bad")}
    return envoy


@pytest.mark.parametrize("way", WAYS)
def test_an_allowed_call_goes_through_with_its_body_read(proxy: Set, way: str) -> None:
    reply = proxy.chat(way, "sw-alice", n=3, max_tokens=77)
    assert reply.status == 200
    assert proxy.model.bodies[0]["n"] == 3
    assert proxy.model.headers[0]["stillwatch-account"] == "alice"
    ((caller, ask),) = proxy.world.asked
    assert (caller.account, ask.model, ask.n, ask.max_output_tokens) == ("alice", "large", 3, 77)
    assert ask.input_bytes > 50


@pytest.mark.parametrize("way", WAYS)
def test_a_suspended_account_is_told_why_and_where_to_turn(proxy: Set, way: str) -> None:
    proxy.world.effects["bad"] = [effect(Action.SUSPEND)]
    reply = proxy.chat(way, "sw-bad")
    assert reply.status == 403
    assert reply.json()["error"]["code"] == "account_suspended"
    assert reply.json()["error"]["url"] == "https://example.com/x"
    assert proxy.model.bodies == []


@pytest.mark.parametrize("way", WAYS)
def test_a_call_over_its_limits_gets_a_429_with_retry_after(proxy: Set, way: str) -> None:
    proxy.world.over_limit.add("bad")
    reply = proxy.chat(way, "sw-bad")
    assert (reply.status, reply.headers["retry-after"]) == (429, "3")
    assert "campaign" not in (reply.body + str(reply.headers).encode()).decode().lower()


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_key_gets_a_401(proxy: Set, way: str) -> None:
    assert proxy.chat(way, "sw-nobody").status == 401


@pytest.mark.parametrize("way", WAYS)
def test_what_acts_is_said_in_the_response_and_shadows_are_not(proxy: Set, way: str) -> None:
    proxy.world.effects["bad"] = [effect(Action.LOWER_LIMITS, 0.5), effect(Action.PACE, 5, mode=Mode.SHADOW)]
    reply = proxy.chat(way, "sw-bad")
    assert reply.headers["stillwatch-effect"] == 'lower_limits;amount=0.5;reason="because"'
    assert proxy.world.admitted[0][1].limit_factor == 0.5


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("raw", ['{"model":"large","n":1,"n":9}', '{"model":"large","N":9}', "{", "[]"])
def test_a_body_that_servers_could_read_in_two_ways_is_refused(proxy: Set, way: str, raw: str) -> None:
    url = f"http://127.0.0.1:{proxy.ports[way]}/v1/chat/completions"
    reply = call(url, raw=raw, authorization="Bearer sw-alice")
    assert reply.status == 400
    assert proxy.model.bodies == proxy.world.asked == []


def test_the_rate_limit_service_refuses_and_counts_at_the_end(proxy: Set) -> None:
    reply = proxy.chat("rls", "sw-alice")
    assert reply.status == 200
    (hold,) = proxy.world.holds
    wait_for(lambda: hold.released == 1, "the count at the stream's end")
    assert hold.captured == proxy.model.words
    proxy.world.over_limit.add("alice")
    refused = proxy.chat("rls", "sw-alice")
    assert refused.status == 429
    assert refused.headers["retry-after"] == "3"
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


def test_the_rate_limit_service_stops_who_is_suspended(proxy: Set) -> None:
    proxy.world.effects["bad"] = [effect(Action.SUSPEND)]
    assert proxy.chat("rls", "sw-bad").status == 429
