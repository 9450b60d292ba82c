"""Modules are found by their folder, and by their name where only some are wanted."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOW = """
import sys
from stillwatch.plugins import load_modules
load_modules("stillwatch.cli.commands", named=sys.argv[1])
there = [name.rpartition(".")[2] for name in sys.modules if name.startswith("stillwatch.cli.commands.")]
print(*sorted(there))
"""


def loaded(named: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", SHOW, named], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_command_brings_its_own_modules_and_no_other() -> None:
    names = loaded("evidence")
    assert "evidence" in names
    assert "evidence_bundle" in names
    assert all(name.startswith("evidence") for name in names)


@pytest.mark.parametrize("named", ["", "no-such-command"])
def test_without_a_command_all_are_there_to_choose_from(named: str) -> None:
    assert {"gateway", "scan", "watch"} <= set(loaded(named))
