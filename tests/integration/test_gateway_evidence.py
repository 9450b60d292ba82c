"""From a call to a receipt: the gateway promises, ``watch`` logs, the account holder checks both."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway

from commands import run_command
from stillwatch.evidence.promises import verify_promise
from stillwatch.evidence.receipts import verify_receipt

PROMISING = "[evidence]\npromises = true\n[[limits]]\nlevel = 'account'\nunit = 'calls'\nper_minute = 2\n"


def stillwatch(folder: Path, *arguments: str) -> str:
    done = run_command(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder in which a log was begun, as the gateway wants it where it shall promise."""
    (tmp_path / "begin.toml").write_text("[evidence]\n")
    stillwatch(tmp_path, "watch", "--once", "--config", "begin.toml")
    return tmp_path


def test_an_account_holder_gets_a_promise_and_then_the_receipt(begun: Path) -> None:
    with FaultyModel() as model, RealGateway(begun, model.url, more=PROMISING) as gateway:
        key = gateway.keys["alice"]
        asked = [asyncio.run(call(gateway.port, ask(key, "hello", stream=stream))) for stream in (False, True)]
        refused, head, _ = asyncio.run(call(gateway.port, ask(key, "hello")))
        assert refused == 429
        assert not header(head, "stillwatch-receipt")
        gateway.stop()
    said = stillwatch(begun, "watch", "--once", "--config", "gateway.toml")
    assert "3 new entries in the evidence log" in said
    for status, head, _ in asked:
        assert status == 200
        name = header(head, "stillwatch-call")
        stillwatch(begun, "evidence", "receipt", "--call", name, "-o", f"{name}.json")
        receipt = verify_receipt((begun / f"{name}.json").read_bytes())
        # The test's own reader lowers everything, and base64 is no such text.
        value = next(line for line in head.split(b"\r\n") if line.startswith(b"stillwatch-receipt: ")).decode()
        promise = verify_promise(value.partition(": ")[2], receipt.keys)
        (mine,) = receipt.calls
        assert (mine.private["call_id"], mine.private["started_at"]) == (promise.call_id, promise.started_at)
        assert mine.private["account"] == "alice"
        assert mine.public["completed"] is True


def test_without_a_log_the_gateway_says_what_to_do_and_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("admin_port = 0\n[listen]\nport = 0\n[evidence]\npromises = true\n")
    done = run_command("gateway", "--config", "gateway.toml", cwd=tmp_path)
    assert done.returncode != 0
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line for line in told if "no log was begun here" in line.get("problem", "")]
