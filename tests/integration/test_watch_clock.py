"""Watch, standing and the evidence log while the machine's clock is set hours ahead and back."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, sealed_times

from set_clock import COMPILER, REASON, SetClock
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.snapshot import EMPTY, write_snapshot

pytestmark = pytest.mark.skipif(COMPILER is None, reason=REASON)
STILLWATCH = [sys.executable, "-c", "from stillwatch.cli.main import main; main()"]
HOURS = 9
JUMPS = (0, HOURS, -HOURS)
MORE = """
[journal]
segment_seconds = 1.0
[evidence]
"""
RULES = """
[[rules]]
name = "short answers for a campaign"
action = "cap_output_tokens"
mode = "enforce"
amount = 8
reason = "your account is used together with others"
days = 14
[rules.when]
campaign = true
"""


@dataclass
class World:
    """A gateway, and commands in its folder, all by a clock that the test sets."""

    gateway: RealGateway
    clock: SetClock
    made: list[str] = field(default_factory=list)
    """Calls that were answered."""

    def say(self, account: str) -> bytes:
        """Make a call; return the answer's head."""
        status, head, _ = asyncio.run(call(self.gateway.port, ask(self.gateway.keys[account], "hello", max_tokens=50)))
        assert status == 200
        self.made.append(header(head, "stillwatch-call"))
        return head

    def is_capped(self, account: str) -> bool:
        return "cap_output_tokens" in header(self.say(account), "stillwatch-effect")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*STILLWATCH, *arguments],
            cwd=self.gateway.folder,
            env={**os.environ, **self.clock.environment},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def watch(self) -> dict[str, Any]:
        """Do a round of watch; return the snapshot that it wrote."""
        assert "failed" not in self.run("watch", "--once", "--config", "gateway.toml")
        read: dict[str, Any] = json.loads((self.standing / "snapshot.json").read_bytes())
        return read

    @property
    def standing(self) -> Path:
        return self.gateway.folder / ".stillwatch/standing"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = SetClock(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES)
    with (
        FaultyModel() as model,
        RealGateway(
            tmp_path, model.url, top='rules = "rules.toml"', more=MORE, environment=clock.environment
        ) as gateway,
    ):
        yield World(gateway, clock)


def test_each_call_is_sealed_once_and_snapshots_and_the_evidence_log_only_go_forward(world: World) -> None:
    made: list[float] = []
    for hours in JUMPS:
        with world.clock.wrong_by(hours):
            world.say("alice")
            eventually(lambda: any(s.state == "wal" for s in Layout(world.gateway.journal.folder).segments()))
            made.append(world.watch()["made_at"])
            eventually(lambda: world.gateway.health()["parts"]["standing"]["made_at"] == made[-1])
            assert world.gateway.health()["status"] == "ok"
    assert made == sorted(set(made))
    world.gateway.stop()
    world.watch()
    world.run("evidence", "check")
    assert not list((world.gateway.folder / ".stillwatch/journal/pending").iterdir())
    assert sealed_times(world.gateway.journal, world.made) == [1] * len(world.made)
    assert "Traceback" not in world.gateway.said()


def test_who_is_listed_stays_so_and_an_appeal_holds_whatever_the_clock_says(world: World) -> None:
    now = time.time()
    bits = {"content": 9.0, "network": 9.0}
    listed = {"campaign": "C-1", "strength_bits": 9.0, "bits": bits, "match_weight": 9.0, "share": 1.0, "since": now}
    write_snapshot(world.standing, {**EMPTY, "made_at": now, "accounts": {"alice": listed, "bob": listed}})
    assert eventually(lambda: world.is_capped("alice"))
    for hours in JUMPS:
        with world.clock.wrong_by(hours):
            assert world.is_capped("alice")
    for hours in (HOURS, -HOURS):
        with world.clock.wrong_by(hours):
            world.run("appeal", "grant", "bob", "--reason", "a class with one homework")
            assert eventually(lambda: not world.is_capped("bob"))
        assert not world.is_capped("bob")
        with Directory(f"sqlite:///{world.gateway.folder}/.stillwatch/directory.sqlite") as directory:
            directory.appeals.revoke("bob", reason="try again", by="test", now=time.time())
        assert eventually(lambda: world.is_capped("bob"))
    assert world.is_capped("alice")
