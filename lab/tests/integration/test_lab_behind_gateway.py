"""The lab's server behind Stillwatch's gateway: what a rule takes away is what a harvester does not get."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from fixtures import TEACHER
from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.respondents.endpoint import EndpointRespondent
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli.main import main; main()"]
PATIENCE_SECONDS = 120.0
SETTINGS = """
rules = "rules.toml"

[listen]
port = {gateway}

[[upstreams]]
name = "lab"
url = "http://127.0.0.1:{lab}"
key_file = "upstream-key"
allow_private = true

[[models]]
name = "teacher"
upstream = "lab"
"""
RULES = """
[[rules]]
name = "no log-probabilities for new accounts"
action = "strip_logprobs"
mode = "enforce"
reason = "log-probabilities are available two days after sign-up"
until = 2100-12-31
[rules.when]
younger_than_days = 2
logprobs = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if answers():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come up")


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / "said.txt").open("a") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
        try:
            yield
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def stillwatch(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*STILLWATCH, *arguments], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Yield the gateway's address up to ``/v1`` and an account's key."""
    lab, port = free_port(), free_port()
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(gateway=port, lab=lab), encoding="utf-8")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "upstream-key").write_text("none\n", encoding="utf-8")
    (tmp_path / "upstream-key").chmod(0o600)
    stillwatch(tmp_path, "accounts", "add", "alice")
    key = stillwatch(tmp_path, "keys", "issue", "alice")
    serve = [sys.executable, "-m", "stillwatch_lab", "serve", str(TEACHER), "--port", str(lab)]
    with running(serve, tmp_path), running([*STILLWATCH, "gateway", "--config", "gateway.toml"], tmp_path):
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{lab}/healthz").status_code == 200)
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200)
        yield f"http://127.0.0.1:{port}/v1", key


def test_a_harvester_behind_the_gateway_gets_the_text_and_not_the_log_probabilities(
    gateway: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    url, key = gateway
    endpoint = Endpoint(url, "teacher", key)
    request.addfinalizer(endpoint._client.close)
    prompts = ["start 1 add 2", "start 0 sub 3", "team red skill 4"]

    replies = EndpointRespondent(endpoint).ask(prompts, Manner(temperature=0.0, max_tokens=64))
    body = {"messages": [{"role": "user", "content": prompts[0]}], "logprobs": True, "top_logprobs": 5}
    scored = endpoint.post("chat/completions", body)

    assert replies == FolderRespondent(TEACHER).ask(prompts, Manner(temperature=0.0, max_tokens=64))
    assert replies[0].answer == "3"
    assert replies[0].reasoning
    assert not scored["choices"][0].get("logprobs")
