"""Two hosts compare sets by command, over loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("private_set_intersection", reason="openmined-psi is not installed")

from stillwatch.cli.main import _run
from stillwatch.evidence.opened import open_log
from stillwatch.plugins import load_modules

TERMS = """
parties = ["Host A", "Host B"]
purpose = "cards of extraction campaigns"
period_days = 3650
max_elements = 1000
runs_a_period = 1
min_found = 20
"""
CODE = "from stillwatch.cli import main; main()"


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``stillwatch share`` in the folder of a host."""
    load_modules("stillwatch.cli.commands")

    def go(folder: Path, *arguments: str, token: str = "") -> tuple[int, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("STILLWATCH_SHARE_TOKEN", token)
        monkeypatch.setattr(sys, "argv", ["stillwatch", "share", *arguments])
        code = _run()
        said = capsys.readouterr()
        return code, said.out + said.err

    return go


@pytest.fixture
def hosts(run: Run, tmp_path: Path) -> Iterator[tuple[Path, Path, str, str]]:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, first in ((a, 0), (b, 120)):
        folder.mkdir()
        (folder / "terms.toml").write_text(TERMS)
        (folder / "set").write_text("".join(f"payment:pm_{n:04d}\n" for n in range(first, first + 150)))
    _, token = run(b, "caller", "Host A")
    listen = (
        "overlap",
        "serve",
        "--agreement",
        "terms.toml",
        "--set",
        "set",
        "--as",
        "Host B",
        "--listen",
        "127.0.0.1:0",
    )
    with (b / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", CODE, "share", *listen], cwd=b, stderr=log)
    try:
        yield a, b, wait_for(b / "log", server), token.strip()
    finally:
        server.kill()
        server.wait()


def wait_for(log: Path, server: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        words = log.read_text().split()
        if words and words[-1].startswith("http") and log.read_text().endswith("\n"):
            return words[-1]
        time.sleep(0.05)
    raise RuntimeError(log.read_text())


def shares(folder: Path) -> list[str]:
    entries = [json.loads(e) for e in open_log(folder / ".stillwatch/evidence").reader.entries()]
    return [e["purpose"] for e in entries if e["kind"] == "share"]


def test_a_number_consent_of_both_and_then_contents(run: Run, hosts: tuple[Path, Path, str, str]) -> None:
    a, b, url, token = hosts
    mine = ("--agreement", "terms.toml", "--set", "set", "--as", "Host A", "--url", url)
    code, said = run(a, "overlap", "count", *mine, token=token)
    assert (code, "30 of our 150 values are known to Host B" in said) == (0, True), said
    assert "no consent" in run(a, "overlap", "contents", *mine, token=token)[1]
    for folder, me in ((a, "Host A"), (b, "Host B")):
        consent = ("overlap", "consent", "--agreement", "terms.toml", "--as", me, "--asker", "Host A")
        assert run(folder, *consent)[0] == 0
    code, said = run(a, "overlap", "contents", *mine, token=token)
    assert code == 0
    assert said.split() == [f"payment:pm_{n:04d}" for n in range(120, 150)]
    assert "were agreed, and made" in run(a, "overlap", "count", *mine, token=token)[1]
    for folder in (a, b):
        logged = shares(folder)
        assert [p.split(":")[0].split(",")[0] for p in logged] == ["overlap"] * 3
        assert all("cards of extraction campaigns" in p for p in logged)
