"""``stillwatch gateway`` as a program: the demo's own words work, workers are replaced, SIGTERM drains."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from stillwatch.cli.main import main; main()", "gateway"]
PATIENCE_SECONDS = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], Any]) -> Any:
    """Return the first truth of what is asked again and again; fail after three minutes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := holds():
            return found
        threading.Event().wait(0.05)
    raise AssertionError("it never came true")


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (loopback)
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code
    except OSError:
        return 0


@contextmanager
def program(*arguments: str, cwd: Path, temporary: Path | None = None) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    said = cwd / "said.txt"
    with said.open("w") as out:
        running = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})},
        )
        try:
            yield running, said
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def test_the_demos_own_curl_line_works_and_it_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with program("--demo", "--port", str(port), cwd=tmp_path, temporary=temporary) as (running, said):
        eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 200)
        assert list(temporary.iterdir())
        greeting = said.read_text()
        curl = "set -e; " + greeting[greeting.index("curl ") :].strip() + " --silent"
        answer = json.loads(subprocess.run(curl, shell=True, capture_output=True, check=True).stdout)  # noqa: S602
        assert answer["choices"][0]["message"]["content"] == "Hello, gateway! "
        assert re.search(r"sw-[0-9a-z]{12}-", greeting)
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_SECONDS) == 0
    assert not list(temporary.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"said.txt", "temporary"}


def test_sigterm_lets_an_open_answer_end_and_refuses_new_connections(tmp_path: Path) -> None:
    port = free_port()
    with program("--demo", "--port", str(port), cwd=tmp_path) as (running, said):
        eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 200)
        key = said.read_text().split()[5]
        text = json.dumps({"model": "stand-in", "stream": True, "messages": [{"content": "[words 20] [wait 0.05]"}]})
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/chat/completions", text.encode(), {"authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:  # noqa: S310
            first = answer.readline()
            running.send_signal(signal.SIGTERM)
            eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 0)
            rest = answer.read()
        assert first.startswith(b"data: ")
        assert rest.endswith(b"data: [DONE]\n\n")
        running.wait(PATIENCE_SECONDS)


SETTINGS = """
[listen]
port = {port}
workers = 2
drain_seconds = 1

[[upstreams]]
name = "u"
url = "http://127.0.0.1:9"
allow_private = true

[[models]]
name = "m"
upstream = "u"
"""


def workers(pid: int) -> set[int]:
    """Return the workers of a supervisor; multiprocessing's resource tracker is a child as well, and no worker."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the process tree from /proc")
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(port=port))
    with program("--config", "gateway.toml", cwd=tmp_path) as (running, _):
        eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 200)
        before = eventually(lambda: len(found := workers(running.pid)) == 2 and found)
        os.kill(min(before), signal.SIGKILL)
        eventually(lambda: workers(running.pid) - before)
        eventually(lambda: get(f"http://127.0.0.1:{port}/readyz") == 200)
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_SECONDS) in {0, -signal.SIGTERM, 128 + signal.SIGTERM}


def test_wrong_settings_are_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[listen]\nporrt = 1")
    done = subprocess.run(
        [*COMMAND, "--config", "gateway.toml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "gateway.toml: [listen] porrt: no such setting" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--demo", "--port", port], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
