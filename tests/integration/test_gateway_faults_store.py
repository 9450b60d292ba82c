"""The real gateway while the real store of its limits is killed, stopped and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from benchmarks.gateway.callers import ask, call
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, get
from benchmarks.gateway.store_server import PROGRAMS, StoreServer, running

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="no redis-server or valkey-server here")
MODELS = ("stand-in", "careful", "free")
MORE = """
[[models]]
name = "careful"
upstream = "model"
[[models]]
name = "free"
upstream = "model"
[[limits]]
level = "account"
unit = "output_tokens"
model = "stand-in"
per_minute = 100000
[[limits]]
level = "account"
unit = "output_tokens"
model = "careful"
per_minute = 100000
when_store_fails = "closed"
[[limits]]
level = "account"
unit = "output_tokens"
model = "free"
per_minute = 100000
when_store_fails = "open"
[store]
url = "{url}"
operation_seconds = 1.0
"""
WELL, DOWN = [200, 200, 200], [200, 503, 200]


@pytest.fixture(scope="module", params=PROGRAMS)
def store(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[StoreServer]:
    with running(tmp_path_factory.mktemp(request.param), program=PROGRAMS[request.param]) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, store: StoreServer) -> Iterator[RealGateway]:
    with (
        FaultyModel() as model,
        RealGateway(tmp_path_factory.mktemp("gateway"), model.url, more=MORE.format(url=store.url)) as made,
    ):
        yield made


def statuses(gateway: RealGateway) -> list[int]:
    """Call each model once; return what came of it."""

    async def ask_all() -> list[int]:
        return [(await call(gateway.port, ask(gateway.keys["alice"], "hi", model=name)))[0] for name in MODELS]

    return asyncio.run(ask_all())


def is_failing(gateway: RealGateway) -> bool:
    health = gateway.health()
    return health["status"] == "degraded" and health["parts"]["limits"]["store"] == "failing"


def test_a_store_that_was_killed_is_told_and_each_rule_does_what_it_says(
    gateway: RealGateway, store: StoreServer
) -> None:
    assert eventually(lambda: statuses(gateway) == WELL)
    store.kill()
    assert eventually(lambda: is_failing(gateway))
    assert statuses(gateway) == DOWN
    assert gateway.health()["parts"]["limits"]["failed_open"] >= 1
    page = eventually(lambda: b"stillwatch_store_failing 1.0" in _metrics(gateway) and _metrics(gateway))
    assert b"stillwatch_failed_open_total" in page
    assert get(f"{gateway.url}/readyz")[0] == 200
    store.start()
    assert eventually(lambda: gateway.health()["status"] == "ok")
    assert eventually(lambda: statuses(gateway) == WELL)


def test_a_store_that_stands_still_is_as_one_that_is_gone(gateway: RealGateway, store: StoreServer) -> None:
    assert eventually(lambda: gateway.health()["status"] == "ok")
    store.pause()
    try:
        assert eventually(lambda: is_failing(gateway))
        assert statuses(gateway) == DOWN
    finally:
        store.resume()
    assert eventually(lambda: gateway.health()["status"] == "ok")
    assert eventually(lambda: statuses(gateway) == WELL)


def test_a_store_that_restarts_again_and_again_leaves_no_call_without_a_proper_answer(
    gateway: RealGateway, store: StoreServer
) -> None:
    seen: list[list[int]] = []
    for _ in range(5):
        store.kill()
        seen.append(statuses(gateway))
        store.start()
        seen.append(statuses(gateway))
    # Until the third failure in a row is noticed, a budget that has no lease yet is taken as empty: 429.
    assert {status for local, _, free in seen for status in (local, free)} <= {200, 429}
    assert {careful for _, careful, _ in seen} <= {200, 429, 503}
    assert eventually(lambda: gateway.health()["status"] == "ok" and statuses(gateway) == WELL)
    assert "Traceback" not in gateway.said()


def _metrics(gateway: RealGateway) -> bytes:
    token = (gateway.folder / ".stillwatch/admin-token").read_text().strip()
    return get(f"http://127.0.0.1:{gateway.admin}/metrics", authorization=f"Bearer {token}")[1]
