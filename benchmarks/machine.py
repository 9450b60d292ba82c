"""Where a benchmark ran: commit, machine and versions."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "bench-data"
_SHOWN = ("duckdb", "narwhals", "numba", "pyarrow", "scikit-learn", "datasketch", "networkx")


def describe() -> str:
    """One Markdown paragraph: date, commit, processor, memory, Python and the libraries that matter."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit `{commit()}`; "
        f"{processor()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB; "
        f"{platform.system()}, Python {platform.python_version()}; {libraries}."
    )


def commit() -> str:
    """Name the commit, with ``+`` if the sources have changed since."""
    named = _git("rev-parse", "--short", "HEAD")
    return named + ("+" if _git("status", "--porcelain", "--untracked-files=no", "src", "benchmarks/*.py") else "")


def processor() -> str:
    """Return the processor's name, or its architecture where the system does not tell."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib() -> float:
    """Return main memory in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
