"""The systemd units: that systemd takes them, and how much they leave open."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from stillwatch.cli import main as cli
from stillwatch.cli.main import app
from stillwatch.gateway.settings import Listen
from stillwatch.plugins import load_modules

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
MOST_EXPOSURE = 2.0
"""Of 10. systemd calls what is below 5 medium or better; an unhardened service has 9.6."""

assert cli
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.stem)
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def settings(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            yield name, value


def commands() -> set[str]:
    load_modules("stillwatch.cli.commands")
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_there_is_a_unit_for_the_gateway_and_for_watch() -> None:
    assert [u.stem for u in UNITS] == ["stillwatch-gateway", "stillwatch-watch"]


@needs_systemd
@each_unit
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # The program is not installed where tests run: another one that exists stands in for it.
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"/opt/stillwatch/bin/stillwatch", "/bin/true", unit.read_text(encoding="utf-8")))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    about_ours = [line for line in done.stderr.splitlines() if unit.stem in line]
    assert (done.returncode, about_ours) == (0, [])


@needs_systemd
@each_unit
def test_a_unit_leaves_little_open(unit: Path) -> None:
    threshold = str(round(MOST_EXPOSURE * 10))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={threshold}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@each_unit
def test_a_unit_runs_a_command_that_exists(unit: Path) -> None:
    program, command, *_ = dict(settings(unit))["ExecStart"].split()
    assert program == "/opt/stillwatch/bin/stillwatch"
    if command not in commands():
        pytest.skip(f"this tree has no command {command} yet")


@each_unit
def test_both_read_the_same_settings_and_the_same_variables(unit: Path) -> None:
    # Otherwise watch would look for the accounts in another directory than the gateway's.
    said = dict(settings(unit))
    assert said["ExecStart"].endswith(" --config /etc/stillwatch/gateway.toml")
    assert said["EnvironmentFile"] == "-/etc/stillwatch/environment"


@each_unit
def test_a_unit_runs_as_nobody_in_particular_and_dumps_no_memory(unit: Path) -> None:
    said = dict(settings(unit))
    assert (said["User"], said["LimitCORE"], said["UMask"]) == ("stillwatch", "0", "0077")
    assert said["CapabilityBoundingSet"] == ""


@each_unit
def test_a_unit_has_a_writable_folder_for_compiled_kernels(unit: Path) -> None:
    # The installed package is read-only there: without it Numba refuses to cache, and no command starts.
    said = list(settings(unit))
    assert ("CacheDirectory", "stillwatch") in said
    assert ("Environment", "NUMBA_CACHE_DIR=/var/cache/stillwatch") in said


def test_the_gateway_is_given_time_to_drain_and_files_to_open() -> None:
    said = dict(settings(DEPLOY / "stillwatch-gateway.service"))
    assert int(said["TimeoutStopSec"]) > Listen().drain_seconds
    assert int(said["LimitNOFILE"]) > 2 * Listen().max_connections
