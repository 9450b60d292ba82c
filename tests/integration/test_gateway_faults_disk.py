"""The real gateway when its journal finds no room: it refuses or sheds, says so, and is well again with room."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, read_ahead

ROOM = 300_000
"""Bytes that a file may have (RLIMIT_FSIZE): the journal's is the only one that reaches it."""
PROMPT = "x" * 20_000
MORE = """
[journal]
segment_seconds = 3600.0
when_disk_full = "{when}"
"""
pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits another process's files: Linux only")


def fill(gateway: RealGateway, calls: int = 30) -> list[tuple[int, str]]:
    """Make calls; return status and call id of each."""

    async def make() -> list[tuple[int, str]]:
        made = [await call(gateway.port, ask(gateway.keys["alice"], PROMPT)) for _ in range(calls)]
        return [(status, header(head, "stillwatch-call")) for status, head, _ in made]

    return asyncio.run(make())


@pytest.mark.parametrize("when", ["refuse", "shed"])
def test_without_room_calls_are_refused_or_shed_and_with_room_recorded_again(tmp_path: Path, when: str) -> None:
    with (
        FaultyModel() as model,
        RealGateway(tmp_path, model.url, more=MORE.format(when=when)) as gateway,
    ):
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        seen = fill(gateway)
        reached = len(model.reached)
        health = gateway.health()
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert eventually(lambda: gateway.health()["status"] == "ok")
        after = fill(gateway, 3)
        assert gateway.stop() == 0
    assert health["status"] == "degraded"
    assert health["parts"]["journal"]["status"] not in {"", "ok"}
    statuses = [status for status, _ in seen]
    assert statuses == ([200] * reached + [503] * (30 - reached) if when == "refuse" else [200] * 30)
    assert [status for status, _ in after] == [200] * 3
    recorded = read_ahead(gateway.journal)
    answered = [call_id for status, call_id in seen + after if status == 200]
    shed = health["parts"]["journal"]["shed"]
    assert set(recorded.admitted) <= set(answered)
    assert len(answered) - len(recorded.admitted) == shed
    assert (5 < shed < 25) == (when == "shed")
    # Of a shed call the end may have found room: a stray that sealing passes over and counts.
    assert set(recorded.admitted) <= set(recorded.finished)
    assert {len(rows) for rows in recorded.finished.values()} == {1}
    assert "Traceback" not in gateway.said()
    assert f"calls are {'refused' if when == 'refuse' else 'served without a record'}" in gateway.said().lower()
    assert "is written again" in gateway.said()
