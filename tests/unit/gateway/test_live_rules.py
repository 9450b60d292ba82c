"""Rules that change while the gateway runs, and the switch that stops them all."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.live_rules import LiveRules
from stillwatch.gateway.nouns import UNKNOWN, Action, Ask, Caller, Mode
from stillwatch.gateway.watched_file import Poller

RULES = '[[rules]]\nname = "r"\naction = "cap_n"\namount = {n}\nreason = "r"\nmode = "enforce"\nuntil = 2030-01-01\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(RULES.format(n=4), encoding="utf-8")
    return file


def replace(path: Path, text: str) -> None:
    """Swap the file as operators should: written beside it, then renamed."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def cap(rules: LiveRules) -> tuple[float | None, Mode]:
    (effect,) = rules.decide(Caller("a"), Ask("m"), UNKNOWN, now=1.8e9).effects
    assert effect.action is Action.CAP_N
    return effect.amount, effect.mode


def test_a_new_file_is_used(path: Path) -> None:
    rules = LiveRules(path)
    replace(path, RULES.format(n=2))
    asyncio.run(rules.refresh())
    assert cap(rules) == (2, Mode.ENFORCE)
    assert rules.health()["status"] == "ok"


def test_a_bad_file_keeps_the_old_rules_and_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = LiveRules(path)
    version = rules.health()["rules_version"]
    replace(path, RULES.format(n=-1))
    with caplog.at_level(logging.ERROR):
        asyncio.run(rules.refresh())
        asyncio.run(rules.refresh())
    assert cap(rules) == (4, Mode.ENFORCE)
    assert "amount" in str(rules.health()["status"])
    assert rules.health()["rules_version"] == version
    assert len(caplog.records) == 1
    replace(path, RULES.format(n=3))
    asyncio.run(rules.refresh())
    assert rules.health()["status"] == "ok"


def test_a_file_that_is_gone_keeps_the_old_rules(path: Path) -> None:
    rules = LiveRules(path)
    path.unlink()
    asyncio.run(rules.refresh())
    assert cap(rules) == (4, Mode.ENFORCE)
    assert "is gone" in str(rules.health()["status"])


def test_nothing_starts_with_bad_rules(path: Path) -> None:
    path.write_text("[[rules]]", encoding="utf-8")
    with pytest.raises(SettingsError):
        LiveRules(path)


def test_no_file_allows_everything() -> None:
    rules = LiveRules(None)
    asyncio.run(rules.refresh())
    assert rules.decide(Caller("a"), Ask("m"), UNKNOWN, now=0.0).effects == ()


def test_the_kill_switch_stops_at_once_and_every_other_worker_sees_it(path: Path, tmp_path: Path) -> None:
    flag = tmp_path / "flags" / "kill-switch"
    here, there = (LiveRules(path, kill_switch=flag) for _ in range(2))
    here.set_kill_switch(on=True)
    assert cap(here) == (4, Mode.SHADOW)
    asyncio.run(there.refresh())
    assert cap(there) == (4, Mode.SHADOW)
    assert there.health() | {"kill_switch": True, "enforced": 0} == there.health()
    there.set_kill_switch(on=False)
    asyncio.run(here.refresh())
    assert cap(here) == cap(there) == (4, Mode.ENFORCE)


def test_a_kill_switch_holds_for_new_rules_too(path: Path, tmp_path: Path) -> None:
    flag = tmp_path / "kill-switch"
    flag.touch()
    rules = LiveRules(path, kill_switch=flag)
    assert cap(rules) == (4, Mode.SHADOW)
    replace(path, RULES.format(n=2))
    asyncio.run(rules.refresh())
    assert cap(rules) == (2, Mode.SHADOW)


def test_settings_can_keep_everything_in_shadow(path: Path) -> None:
    rules = LiveRules(path, shadow_only=True)
    rules.set_kill_switch(on=False)
    assert cap(rules) == (4, Mode.SHADOW)


def test_watching_sees_a_change_by_itself(path: Path) -> None:
    async def wait() -> None:
        rules = LiveRules(path)
        await rules.start()
        replace(path, RULES.format(n=2))
        async with asyncio.timeout(20):
            while cap(rules) != (2, Mode.ENFORCE):  # noqa: ASYNC110  (what is watched is a file)
                await asyncio.sleep(0.01)
        await rules.stop()

    asyncio.run(wait())


def test_a_look_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.watched_file.POLL_SECONDS", 0.001)
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise RuntimeError("once")

    async def wait() -> None:
        poller = Poller(look)
        await poller.start()
        async with asyncio.timeout(20):
            while len(looks) < 4:  # noqa: ASYNC110  (what is watched is the watching)
                await asyncio.sleep(0.001)
        await poller.stop()
        ended = len(looks)
        await asyncio.sleep(0.01)
        assert len(looks) == ended

    asyncio.run(wait())
    assert "the next look" in caplog.text
