"""Programs that a model wrote, run against given inputs.

What runs here was written by a model and may do anything that this user may do: a time limit and a memory limit are
no sandbox. Nothing is run unless the user says so by an option that is named accordingly; a container without network
is the place for it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 10
"""A test's time: LiveCodeBench's own harness gives 6."""
MEMORY_BYTES = 4 << 30
LAUNCH = (
    "import resource, runpy\n"
    "resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))\n"
    "resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))\n"
    "runpy.run_path('program.py', run_name='__main__')\n"
)
CALL = """
import json as _json, sys as _sys
_given = [_json.loads(_line) for _line in _sys.stdin.read().splitlines() if _line.strip()]
_asked = getattr(Solution(), {name!r}) if "Solution" in globals() else globals()[{name!r}]
print(_json.dumps(_asked(*_given)))
"""
"""Calls a function with one JSON value a line, as LiveCodeBench's functional tests are written."""


@dataclass(frozen=True)
class Case:
    """What the program is given and must write; ``function``: the one to call, where it is not the whole program."""

    given: str
    wanted: str
    function: str | None = None


def find_program(said: str) -> str:
    """Take the last fenced block of code; without one, all that was said."""
    blocks = re.findall(r"```(?:python|py)?[^\n]*\n(.*?)```", said, re.DOTALL)
    return str(blocks[-1] if blocks else said)


def run_case(program: str, case: Case, *, seconds: int = SECONDS) -> bool:
    """Tell whether the program writes what is wanted, in time. Layout of white space does not count."""
    source = program + CALL.format(name=case.function) if case.function else program
    with TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(source, encoding="utf-8")
        launch = LAUNCH.format(seconds=seconds, memory=MEMORY_BYTES)
        try:
            done = subprocess.run(  # noqa: S603 - see the head of this file
                [sys.executable, "-I", "-c", launch],
                input=case.given,
                capture_output=True,
                text=True,
                timeout=2 * seconds,
                cwd=folder,
                env={},
                check=False,
            )
        except (subprocess.TimeoutExpired, UnicodeDecodeError):
            return False
    return done.returncode == 0 and _is_same(done.stdout, case)


def _is_same(written: str, case: Case) -> bool:
    if case.function is None:
        return written.split() == case.wanted.split()
    try:
        return bool(json.loads(written.strip().splitlines()[-1]) == json.loads(case.wanted))
    except (ValueError, IndexError):
        return False
