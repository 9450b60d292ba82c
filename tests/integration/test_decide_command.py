"""``stillwatch decide`` as a command."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from decide_world import answers, call, free_port, wait_for
from stillwatch.cli.main import _run
from stillwatch.plugins import load_modules

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]
RULES = """
[[rules]]
name = "few samples"
action = "cap_n"
amount = 1
reason = "one sample a call"
mode = "enforce"
until = 2035-01-01
[rules.when]
min_n = 2
"""


def test_it_decides_by_the_rules_of_the_settings_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    settings = f'rules = "rules.toml"\nstanding = "standing"\n[decide]\nport = {port}\ntoken_file = "token"\n'
    config = tmp_path / "gateway.toml"
    config.write_text(settings, encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    command = [*STILLWATCH, "decide", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        wait_for(lambda: process.poll() is not None or answers(f"{url}/healthz"), "stillwatch decide")
        health = call(f"{url}/healthz").json()
        assert health["parts"]["rules"]["status"] == health["parts"]["standing"]["status"] == "ok"
        token = (tmp_path / "token").read_text().strip()
        said = call(f"{url}/v1/decide", {"account": "a", "ask": {"n": 3}}, x_stillwatch_token=token).json()
        assert [(e["action"], e["amount"]) for e in said["effects"]] == [("cap_n", 1)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) in {0, -signal.SIGTERM}
        said_to_operator = process.stderr.read() if process.stderr else ""
        assert str(tmp_path / "token") in said_to_operator
        assert token not in said_to_operator
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_the_plug_in_for_litellm_is_printed_whole_and_stands_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load_modules("stillwatch.cli.commands")
    monkeypatch.setattr("sys.argv", ["stillwatch", "decide", "--litellm-plugin"])
    assert _run() == 0
    tree = ast.parse(capsys.readouterr().out)
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - sys.stdlib_module_names == {"aiohttp", "litellm"}


def test_without_settings_it_says_what_to_give(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load_modules("stillwatch.cli.commands")
    monkeypatch.setattr("sys.argv", ["stillwatch", "decide"])
    assert _run() == 2
    assert "--config" in capsys.readouterr().err
