"""``stillwatch decide`` with everything real: directory, limits, rules, standing, journal, asked as gateways ask."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks.gateway.real_gateway import eventually, read_ahead

from decide_world import answers, call, free_port, wait_for
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.settings import Journal
from stillwatch.gateway.snapshot import EMPTY, write_snapshot

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]
SETTINGS = """
rules = "rules.toml"
standing = "standing"
directory_url = "sqlite:///directory.sqlite"
[journal]
folder = "journal"
key_file = "key"
[decide]
port = {port}
token_file = "token"
[[limits]]
level = "account"
unit = "calls"
model = "counted"
per_minute = 3
[[limits]]
level = "campaign"
unit = "output_tokens"
per_minute = 3000
[[upstreams]]
name = "u"
url = "https://api.example.com"
[[models]]
name = "counted"
aliases = ["counted-latest"]
upstream = "u"
"""
RULES = """
[[rules]]
name = "few samples in a campaign"
action = "cap_n"
amount = 1
mode = "enforce"
reason = "one sample a call"
days = 14
[rules.when]
campaign = true
min_families = 2
min_n = 2

[[rules]]
name = "stop the strongest"
action = "suspend"
mode = "enforce"
reason = "stopped for now"
url = "https://example.com/appeal"
days = 14
[rules.when]
campaign = true
min_families = 2
min_strength_bits = 20.0
"""
PAGE = (Path(__file__).parents[2] / "docs/integrations.md").read_text(encoding="utf-8")
HONEST, MEMBERS, STRONGEST = "alice", ("mallory", "mole"), "boss"


@dataclass
class Asker:
    """A gateway that asks."""

    folder: Path
    port: int
    keys: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def directory(self) -> Directory:
        return Directory(f"sqlite:///{self.folder}/directory.sqlite")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        token = (self.folder / "token").read_text().strip()
        return call(f"http://127.0.0.1:{self.port}{path}", body, x_stillwatch_token=token).json()

    def decide(self, account: str, *, keep: bool = False, call_id: str | None = None, **ask: Any) -> Any:
        named = {"call_id": call_id} if call_id else {}
        return self.post("/v1/decide", {"credential": self.keys[account], "ask": ask, "keep": keep, **named})

    def report(self, call_id: str, **said: Any) -> Any:
        return self.post("/v1/report", {"call_id": call_id, **said})

    def notes(self) -> list[dict[str, Any]]:
        return read_ahead(Journal(folder=self.folder / "journal")).notes


def standings(now: float) -> dict[str, Any]:
    bits = {"content": 12.0, "network": 9.0}
    listed = {"campaign": "C-1", "bits": bits, "match_weight": 20.0, "share": 0.9, "since": now - 60}
    accounts = {name: {**listed, "strength_bits": 10.0} for name in MEMBERS}
    accounts[STRONGEST] = {**listed, "campaign": "C-2", "strength_bits": 30.0}
    return {**EMPTY, "made_at": now, "accounts": accounts}


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    folder, port, now = tmp_path_factory.mktemp("decide"), free_port(), time.time()
    (folder / "gateway.toml").write_text(SETTINGS.format(port=port))
    (folder / "rules.toml").write_text(RULES)
    write_snapshot(folder / "standing", standings(now))
    keys: dict[str, str] = {}
    with Directory(f"sqlite:///{folder}/directory.sqlite") as directory:
        for account in (HONEST, *MEMBERS, STRONGEST, "revoked", "counted", "let-off"):
            directory.accounts.add(account, {}, by="test", now=now)
            keys[account] = directory.keys.issue(account, by="test", now=now).text
    with (folder / "said.txt").open("wb") as out:
        command = [*STILLWATCH, "decide", "--config", "gateway.toml"]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}/healthz"
            wait_for(lambda: process.poll() is not None or answers(url), "stillwatch decide", seconds=180.0)
            assert process.poll() is None, (folder / "said.txt").read_text()
            yield Asker(folder, port, keys, process)
        finally:
            process.kill()
            process.wait()


def test_an_honest_account_goes_on_and_a_revoked_key_does_not(asker: Asker) -> None:
    said = asker.decide(HONEST, model="large", n=4)
    assert (said["allow"], said["account"], said["effects"]) == (True, HONEST, [])
    assert asker.decide("revoked")["allow"] is True
    with asker.directory as directory:
        directory.keys.revoke(asker.keys["revoked"], by="test", now=time.time())
    eventually(lambda: asker.decide("revoked")["status"] == 401)


def test_rules_act_on_what_the_last_scan_said_until_an_appeal_is_granted(asker: Asker) -> None:
    (effect,) = asker.decide(MEMBERS[0], n=4)["effects"]
    assert (effect["action"], effect["amount"], effect["rule"]) == ("cap_n", 1, "few samples in a campaign")
    stopped = asker.decide(STRONGEST)
    assert (stopped["allow"], stopped["status"], stopped["url"]) == (False, 403, "https://example.com/appeal")
    with asker.directory as directory:
        directory.appeals.grant(STRONGEST, reason="a class", by="test", now=time.time())
    eventually(lambda: asker.decide(STRONGEST)["allow"])


def test_calls_are_counted_under_whatever_name_the_model_is_asked_for(asker: Asker) -> None:
    names = ["counted", "counted-latest", "counted"]
    assert all(asker.decide("counted", model=name)["allow"] for name in names)
    refused = asker.decide("counted", model="counted-latest")
    assert (refused["allow"], refused["status"]) == (False, 429)
    assert refused["retry_after_seconds"] > 0
    assert asker.decide(HONEST, model="counted")["allow"] is True


def test_a_campaign_shares_one_budget_and_nobody_is_told(asker: Asker) -> None:
    assert asker.decide(MEMBERS[0], keep=True, call_id="long", model="large")["allow"]
    pause = asker.report("long", output_tokens=2900)["pause_seconds"]
    refused = asker.decide(MEMBERS[1], keep=True, call_id="other", model="large")
    assert (refused["allow"], refused["status"]) == (False, 429)
    assert "campaign" not in json.dumps(refused)
    assert asker.decide(HONEST, keep=True, call_id="honest", model="large")["allow"]
    assert asker.report("honest", output_tokens=2900, done=True) == {
        "call_id": "honest",
        "known": True,
        "pause_seconds": 0.0,
    }
    assert pause >= 0.0
    assert asker.report("long", done=True)["known"]
    assert not asker.report("long", output_tokens=1)["known"]


def test_an_account_is_stopped_whichever_gateway_asks(asker: Asker) -> None:
    with asker.directory as directory:
        directory.appeals.revoke(STRONGEST, reason="try again", by="test", now=time.time())
    eventually(lambda: not asker.decide(STRONGEST)["allow"])
    token = (asker.folder / "token").read_text().strip()
    key = f"Bearer {asker.keys[STRONGEST]}"
    for path in ("/nginx", "/envoy/v1/chat/completions"):
        reply = call(f"http://127.0.0.1:{asker.port}{path}", authorization=key, x_stillwatch_token=token)
        assert reply.status == 403
    webhook = {"request": {"json": {"model": "large"}}, "metadata": {"account": STRONGEST}}
    assert asker.post("/portkey", webhook)["verdict"] is False
    assert asker.post("/kong", {"account": STRONGEST, "content": "hello"})["block"] is True
    guardrail = {"input_type": "request", "request_data": {"user_api_key_hash": STRONGEST}}
    assert asker.post("/beta/litellm_basic_guardrail_api", guardrail)["action"] == "BLOCKED"


def test_what_the_page_asks_is_answered_as_the_page_says(asker: Asker) -> None:
    asked, answer, used = (
        json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    )
    told = asker.post("/v1/decide", {**asked, "credential": asker.keys[HONEST]})
    assert set(told) == set(answer)
    assert (told["call_id"], told["allow"], told["status"], told["account"]) == ("c-1", True, 200, HONEST)
    (effect, *_) = asker.decide(MEMBERS[0], n=4)["effects"]
    assert set(effect) == set(answer["effects"][0])
    assert asker.post("/v1/report", used) == {"call_id": "c-1", "known": True, "pause_seconds": 0.0}


def test_new_rules_are_taken_while_it_runs_and_wrong_ones_are_not(asker: Asker) -> None:
    def put(text: str) -> None:
        (asker.folder / "new.toml").write_text(text)
        (asker.folder / "new.toml").replace(asker.folder / "rules.toml")

    put(RULES + RULES.replace("few samples in a campaign", "nonsense").replace("cap_n", "dance"))
    health = f"http://127.0.0.1:{asker.port}/healthz"
    eventually(lambda: call(health).json()["parts"]["rules"]["status"] != "ok")
    assert [e["amount"] for e in asker.decide(MEMBERS[1], n=4)["effects"]] == [1]
    put(RULES.replace("amount = 1", "amount = 2"))
    eventually(lambda: [e["amount"] for e in asker.decide(MEMBERS[1], n=4)["effects"]] == [2])
    assert call(health).json()["parts"]["rules"]["status"] == "ok"


def test_what_was_decided_is_in_the_journal_and_no_key_is_anywhere(asker: Asker) -> None:
    asker.decide(MEMBERS[0], n=4)
    asker.process.send_signal(signal.SIGTERM)
    assert asker.process.wait(60) in {0, -signal.SIGTERM}
    mine = [note for note in asker.notes() if note.get("account") == MEMBERS[0] and note["kind"] == "decision"]
    assert mine
    assert {e["rule"] for note in mine for e in note["effects"]} == {"few samples in a campaign"}
    refusals = {(note["account"], note["level"]) for note in asker.notes() if note["kind"] == "refusal"}
    assert {("counted", "account"), (MEMBERS[1], "campaign")} <= refusals
    files = [p for p in asker.folder.rglob("*") if p.is_file() and p.name not in {"token", "key"}]
    written = b"".join(path.read_bytes() for path in files)
    assert not [key for key in asker.keys.values() if key.encode() in written]
