"""Whole programs, run and measured from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.machine import ROOT


@dataclass(frozen=True)
class Run:
    """What a program took: wall-clock and processor seconds, and the most memory it held.

    Processor time is that of all threads; unlike the wall clock it says the same on a busy machine, or nearly.
    """

    seconds: float
    processor_seconds: float
    peak_gib: float
    output: str


def measure(arguments: Sequence[str], *, cwd: Path = ROOT) -> Run:
    """Run a program to its end.

    Raises AssertionError with the end of its output if it fails. The peak is that of the program itself
    (``ru_maxrss``), in KiB on Linux and bytes on macOS.
    """
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        program = subprocess.Popen(arguments, cwd=cwd, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(program.pid, 0)
        seconds = time.perf_counter() - started
        program.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read().decode(errors="replace")
    assert program.returncode == 0, f"{' '.join(arguments)} ended with {program.returncode}:\n{output[-3000:]}"
    processor = usage.ru_utime + usage.ru_stime
    return Run(seconds, processor, usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20), output)


def stillwatch(*arguments: str | Path) -> Run:
    """Run this environment's ``stillwatch``."""
    return measure([str(Path(sys.executable).with_name("stillwatch")), *map(str, arguments)])


def python(script: str, *arguments: str | Path) -> Run:
    """Run a module of this repository with this environment's Python."""
    return measure([sys.executable, "-m", script, *map(str, arguments)])


def write_key(path: Path, *, number: int = 0) -> Path:
    """Write a fingerprint key that is the same in every run, so that a scan of the same calls says the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = sha256(f"stillwatch benchmarks {number}".encode()).digest()
    if not path.exists() or path.read_bytes() != key:
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(key)
        draft.chmod(0o600)
        draft.replace(path)
    return path
