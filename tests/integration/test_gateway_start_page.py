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
PATIENCE_SECONDS = 900
"""A hang is a failure too; the page takes about 25 seconds of CPU, of which a busy machine gives little."""
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
    assert "the client got as much whole and streamed: True" in done.stdout, f"{done.stdout}\n{done.stderr}"


CLIENT = """
python - "$ALICE" <<'END'
import sys
from openai import OpenAI
client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key=sys.argv[1])
said = [{"role": "user", "content": "Hello!"}]
whole = client.chat.completions.create(model="stand-in", messages=said)
pieces = client.chat.completions.create(model="stand-in", messages=said, stream=True)
text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
print("the client got as much whole and streamed:", bool(text) and text == whole.choices[0].message.content)
END
"""
"""What step 5 says of OpenAI's client."""


def _follow(folder: Path) -> subprocess.CompletedProcess[str]:
    script = "set -euo pipefail\n" + "\n".join([*STEPS[:5], CLIENT.replace("python", sys.executable, 1), *STEPS[5:]])
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
