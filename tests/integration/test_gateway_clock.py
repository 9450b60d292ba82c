"""The whole gateway while the machine's clock is set hours ahead and back: nothing lost, doubled, made or forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, read_ahead

from set_clock import COMPILER, REASON, SetClock
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal.layout import Layout

pytestmark = pytest.mark.skipif(COMPILER is None, reason=REASON)
HOURS = 9
MORE = """
[journal]
segment_seconds = 1.0
[[limits]]
level = "account"
unit = "calls"
plan = "slow"
per_minute = 0.01
burst = 3
"""
RULES = """
[[rules]]
name = "short answers for new accounts"
action = "cap_output_tokens"
mode = "enforce"
amount = 8
reason = "two days after sign-up there are more"
until = 2999-12-31
[rules.when]
younger_than_days = 2
"""


@dataclass
class World:
    """A gateway whose clock the test sets. Accounts: alice; limited, of plan slow; young, two days old in an hour."""

    gateway: RealGateway
    clock: SetClock

    def say(self, account: str, *, key: str = "") -> tuple[int, bytes]:
        """Make a call; return status and head."""
        asked = ask(key or self.gateway.keys[account], "hello", max_tokens=50)
        status, head, _ = asyncio.run(call(self.gateway.port, asked))
        return status, head

    def directory(self) -> Directory:
        return Directory(f"sqlite:///{self.gateway.folder}/.stillwatch/directory.sqlite")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("gateway")
    clock = SetClock(folder)
    (folder / "rules.toml").write_text(RULES)
    with (
        FaultyModel() as model,
        RealGateway(
            folder,
            model.url,
            accounts=("alice", "limited", "young"),
            plans={"limited": "slow"},
            top='rules = "rules.toml"',
            more=MORE,
            environment=clock.environment,
        ) as gateway,
    ):
        yield World(gateway, clock)


def test_limits_neither_refill_nor_stick(world: World) -> None:
    assert [world.say("limited")[0] for _ in range(4)] == [200, 200, 200, 429]
    for hours in (HOURS, -HOURS):
        with world.clock.wrong_by(hours):
            status, head = world.say("limited")
            assert status == 429
            assert 0 < int(header(head, "retry-after")) <= 60 / 0.01 + 1
            assert world.say("alice")[0] == 200
    assert world.say("limited")[0] == 429


def test_keys_expire_by_the_clock_and_are_back_with_it_and_revocation_waits_for_none(world: World) -> None:
    with world.directory() as directory:
        now = time.time()
        brief = directory.keys.issue("alice", by="test", now=now, expires_at=now + 3600).text
        gone = directory.keys.issue("alice", by="test", now=now).text
        assert eventually(lambda: world.say("alice", key=gone)[0] == 200)
        with world.clock.wrong_by(HOURS):
            assert world.say("alice", key=brief)[0] == 401
        with world.clock.wrong_by(-HOURS):
            assert world.say("alice", key=brief)[0] == 200
            directory.keys.revoke(gone, by="test", now=time.time())
            assert eventually(lambda: world.say("alice", key=gone)[0] == 401)
        assert world.say("alice", key=brief)[0] == 200
        assert world.say("alice", key=gone)[0] == 401


def test_rules_about_age_follow_the_clock_and_are_right_again_with_it(world: World) -> None:
    with world.directory() as directory:
        signed_up = datetime.now(UTC) - timedelta(days=2, hours=-1)
        directory.accounts.set("young", {"created_at": signed_up}, by="test", now=time.time())
    capped = lambda: "cap_output_tokens" in header(world.say("young")[1], "stillwatch-effect")  # noqa: E731
    assert eventually(capped)
    with world.clock.wrong_by(HOURS):
        # The keyring looks for what was changed twice a second.
        assert eventually(lambda: not capped())
    with world.clock.wrong_by(-HOURS):
        assert capped()
    assert capped()


def test_every_call_is_recorded_once_with_its_end_and_lasts_as_long_as_it_took(world: World) -> None:
    for hours in (0, HOURS, -HOURS, 0):
        with world.clock.wrong_by(hours):
            before = set(read_ahead(world.gateway.journal).admitted)
            status, head = world.say("alice")
            assert status == 200
            told = read_ahead(world.gateway.journal)
            (name,) = set(told.admitted) - before
            assert name == header(head, "stillwatch-call")
            away = told.rows[name]["started_at"] / 1e6 - time.time()
            assert abs(away - hours * 3600) < 600
            (ended,) = eventually(lambda name=name: read_ahead(world.gateway.journal).finished.get(name))
            assert 0 <= ended["duration_ms"] < 600_000


def test_segments_are_closed_in_their_order_whatever_the_clock_says(world: World) -> None:
    def closed() -> list[int]:
        return [s.number for s in Layout(world.gateway.journal.folder).segments() if s.state == "wal"]

    for hours in (HOURS, -HOURS):
        with world.clock.wrong_by(hours):
            before = closed()
            world.say("alice")
            # Closed by its age, which the wall clock does not tell.
            assert eventually(lambda before=before: len(closed()) > len(before))
    assert all(later == earlier + 1 for earlier, later in pairwise(closed()))
