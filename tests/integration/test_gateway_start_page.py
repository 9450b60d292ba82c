"""docs/gateway-start.md, followed as it stands by a newcomer with nothing but the command."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from stillwatch.cli.main import app
from stillwatch.plugins import load_modules

PAGE = (Path(__file__).parents[2] / "docs/gateway-start.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
PATIENCE_SECONDS = 300
"""A hang is a failure too; the page takes about 20 seconds of CPU."""
PORTS = ("9000", "8080", "8081")

load_modules("stillwatch.cli.commands")
THERE = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
NEEDED = set(re.findall(r"\bstillwatch ([a-z]+) ", "".join(STEPS)))


def test_the_page_has_its_steps() -> None:
    assert len(STEPS) == len(re.findall(r"^## \d\.", PAGE, flags=re.MULTILINE)) == 8


@pytest.mark.skipif(not NEEDED <= THERE, reason=f"this tree lacks the commands {', '.join(sorted(NEEDED - THERE))}")
def test_every_step_of_the_page_works_in_order(tmp_path: Path) -> None:
    done = _follow(tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    # What each step promises: an answer with log-probabilities, standing, the appeal, the refusal, the switch, the log.
    for promised in ('"choices"', '"logprobs":{', '"campaign":null', "a class with one homework", "401", '"on":true'):
        assert promised in done.stdout, f"{promised} is not in\n{done.stdout}\n{done.stderr}"
    assert '"kind":"key_revoked"' in done.stdout


def _follow(folder: Path) -> subprocess.CompletedProcess[str]:
    script = "set -euo pipefail\n" + "\n".join(STEPS)
    for port, free in zip(PORTS, _free_ports(), strict=True):
        script = re.sub(rf"\b{port}\b", str(free), script)
    listening, admin = (re.findall(r"http://127\.0\.0\.1:(\d+)/v1/(?:models|kill)", script)[i] for i in (0, 1))
    # The page's ports may be taken where tests run: the settings get free ones.
    script = script.replace("rules = ", f"admin_port = {admin}\nrules = ", 1)
    script = script.replace("[[upstreams]]", f"[listen]\nport = {listening}\n\n[[upstreams]]", 1)
    command = folder / "bin" / "stillwatch"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom stillwatch.cli import main\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    work = folder / "empty"
    work.mkdir()
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    # Into files, not pipes: the gateways go on in the background and would hold a pipe open.
    out, err = folder / "out", folder / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        running = subprocess.Popen(
            ["bash", "-c", script],
            cwd=work,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            code = running.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    return subprocess.CompletedProcess([], code, out.read_text(), err.read_text())


def _free_ports() -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [s.getsockname()[1] for s in held]
    for each in held:
        each.close()
    return ports
