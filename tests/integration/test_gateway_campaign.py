"""The whole circle on loopback: callers, gateway, journal, watch, standing, policy, appeal.

A composed campaign and honest people call the stand-in through a real gateway; a watch scans what it recorded; from
then on the campaign's accounts are answered at the policy's terms and the people are not.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openai import OpenAI
from test_gateway_command import eventually, free_port, get

from commands import run_command
from stillwatch.gateway.directory.opened import Directory
from stillwatch.simulate.compose import compose
from stillwatch.simulate.scenario import parse_scenario

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli.main import main; main()"]
LANES = 16
"""Connections that carry the traffic side by side."""
SCENARIO = {
    "description": "A campaign among people, small enough to be sent call by call.",
    "start": datetime(2026, 6, 1, tzinfo=UTC),
    "days": 7,
    "block": [
        {"kind": "human", "accounts": 260, "calls": 900},
        {"kind": "popular_app", "accounts": 40, "calls": 120},
        {"kind": "campaign", "campaign": "A", "accounts": 40, "calls": 1000, "use": "reasoning"},
    ],
}
SETTINGS = """
rules = "rules.toml"
admin_port = {admin}
trust_forwarded_from = ["127.0.0.0/8"]
[listen]
port = {port}
[journal]
segment_seconds = 0.5
[[upstreams]]
name = "main"
url = "http://127.0.0.1:{upstream}"
key_file = "upstream-key"
allow_private = true
[[models]]
name = "stand-in"
upstream = "main"
"""
RULES = """
[[rules]]
name = "short answers for a campaign"
action = "cap_output_tokens"
mode = "enforce"
amount = 8
reason = "your account is used together with others"
url = "https://example.com/appeal"
days = 7
[rules.when]
campaign = true
min_strength_bits = 2.5

[[rules]]
name = "pace a campaign"
action = "pace"
mode = "enforce"
amount = 60
reason = "your account is used together with others"
url = "https://example.com/appeal"
days = 7
[rules.when]
campaign = true
min_strength_bits = 2.5
"""


HELLO = {"messages": '[{"role":"user","content":"hello"}]', "client_address": "192.0.2.1"}


@dataclass
class Place:
    """A running gateway, its folder, and who may call it."""

    folder: Path
    port: int
    keys: Mapping[str, str]
    truth: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        done = run_command(*arguments, cwd=self.folder)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def accounts(self, label: str) -> list[str]:
        return sorted(a for a, named in self.truth.items() if named == label)

    async def say(self, lane: Lane, account: str, call: Mapping[str, Any] = HELLO) -> bytes:
        """Send one call as that account; return the answer's head."""
        body = b'{"model":"stand-in","max_tokens":400,"messages":' + call["messages"].encode() + b"}"
        return await lane.send(self.keys[account], call, body)


class Lane:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int) -> AsyncIterator[Lane]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def send(self, key: str, call: Mapping[str, Any], body: bytes) -> bytes:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"x-forwarded-for: {call['client_address']}\r\nuser-agent: {call.get('user_agent') or 'none'}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(h.split(b":")[1]) for h in answer.lower().split(b"\r\n") if h.startswith(b"content-length"))
        await self._reader.readexactly(length)
        return answer


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("circle")
    compose(parse_scenario(SCENARIO, where="here"), out=folder / "traffic", seed=5)
    truth = {r["account"]: r["label"] for r in pq.read_table(folder / "traffic/truth.parquet").to_pylist()}
    port, admin, upstream = free_port(), free_port(), free_port()
    (folder / "gateway.toml").write_text(SETTINGS.format(port=port, admin=admin, upstream=upstream))
    (folder / "rules.toml").write_text(RULES)
    (folder / ".stillwatch").mkdir(mode=0o700)
    with Directory(f"sqlite:///{folder}/.stillwatch/directory.sqlite") as directory:
        directory.accounts.put_table(pq.read_table(folder / "traffic/accounts.parquet"), by="test", now=time.time())
        keys = {a: directory.keys.issue(a, by="test", now=time.time()).text for a in truth}
    with (folder / "said.txt").open("w") as out:
        both = [
            subprocess.Popen([*STILLWATCH, "gateway", *how], cwd=folder, stdout=out, stderr=out, start_new_session=True)
            for how in (["--demo", "--port", str(upstream)],)
        ]
        try:
            eventually(lambda: get(f"http://127.0.0.1:{upstream}/readyz") == 200)
            said = (folder / "said.txt").read_text()
            (folder / "upstream-key").write_text(said[said.index("sw-") :].split()[0])
            (folder / "upstream-key").chmod(0o600)
            command = [*STILLWATCH, "gateway", "--config", "gateway.toml"]
            both.append(subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True))
            eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 200)
            yield Place(folder, port, keys, truth)
        finally:
            for one in both:
                if one.poll() is None:
                    os.killpg(one.pid, signal.SIGKILL)
                one.wait()


async def send_everything(place: Place) -> int:
    calls = pq.read_table(place.folder / "traffic/calls.parquet").sort_by("started_at").to_pylist()

    async def carry(mine: list[dict[str, Any]]) -> None:
        async with Lane.open(place.port) as lane:
            for call in mine:
                assert (await place.say(lane, call["account"], call)).startswith(b"HTTP/1.1 200")

    await asyncio.gather(*(carry(calls[n::LANES]) for n in range(LANES)))
    return len(calls)


def watched(place: Place, *, calls: int = 0) -> list[dict[str, Any]]:
    """Do a round of watch; return the campaigns, or nothing while fewer calls than these are sealed."""
    place.run("watch", "--once", "--accounts", "traffic/accounts.parquet")
    report = place.folder / ".stillwatch/report"
    if not report.exists() or sum(pq.read_table(report / "members.parquet")["calls"].to_pylist()) < calls:
        return []
    found: list[dict[str, Any]] = json.loads((report / "campaigns.json").read_text())
    return found


def effects(place: Place, accounts: list[str]) -> list[bool]:
    """Say of each account whether the policy's effect is on its answers."""

    async def ask() -> list[bool]:
        async with Lane.open(place.port) as lane:
            return [b"stillwatch-effect: cap_output_tokens" in await place.say(lane, a) for a in accounts]

    return asyncio.run(ask())


def told_to_the_openai_client(place: Place, account: str) -> str:
    """Have OpenAI's own client make a call; return what the answer says of effects."""
    with OpenAI(base_url=f"http://127.0.0.1:{place.port}/v1", api_key=place.keys[account], max_retries=0) as client:
        told = client.chat.completions.with_raw_response.create(
            model="stand-in", messages=[{"role": "user", "content": "hello"}]
        )
    assert told.parse().choices[0].message.content
    return str(told.headers.get("stillwatch-effect", ""))


def test_a_campaign_is_found_and_acted_upon_while_honest_callers_are_not(place: Place) -> None:
    campaign, honest = place.accounts("campaign:A"), [a for a in place.truth if place.truth[a] != "campaign:A"]
    assert not any(effects(place, campaign[:3]))
    sent = asyncio.run(send_everything(place))

    found = eventually(lambda: watched(place, calls=sent))

    (one,) = found
    members = pq.read_table(place.folder / ".stillwatch/report/members.parquet").to_pylist()
    accused = {m["account"] for m in members if m["campaign"]}
    assert accused == set(campaign)
    assert one["calls"] >= 0.97 * 1000
    assert eventually(lambda: all(effects(place, campaign)))
    assert not any(effects(place, honest[:40]))
    assert "pace;amount=60" in told_to_the_openai_client(place, campaign[1])
    assert told_to_the_openai_client(place, honest[0]) == ""

    place.run("appeal", "grant", campaign[0], "--reason", "a class with one homework")

    assert eventually(lambda: not any(effects(place, campaign[:1])))
    assert all(effects(place, campaign[1:4]))
    watched(place)
    assert not any(effects(place, campaign[:1]))
