"""Programs under measurement: started on one core, watched from outside, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 120
"""LiteLLM takes half a minute to import."""


@dataclass(frozen=True)
class Program:
    """A running program with all its children."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Return user and system time of the program and its children."""
        return sum(_ticks(pid) for pid in _family(self.process.pid)) / TICKS

    def rss_mib(self) -> float:
        """Return the memory it holds."""
        return sum(_pages(pid) for pid in _family(self.process.pid)) * PAGE / 2**20


@contextmanager
def running(
    name: str, command: Sequence[str | Path], port: int, *, core: int, extra: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a program on one core until the block ends. Raises AssertionError if its port does not open."""
    with (Path(os.environ.get("TMPDIR", "/tmp")) / f"bench-gateway-{name}.log").open("wb") as said:  # noqa: S108
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(extra or {})},
            start_new_session=True,
        )
        try:
            _wait_for(port, process, said.name)
            yield Program(name, port, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on port {port}; see {log}")


def _family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if children.exists():
            found.extend(map(int, children.read_text().split()))
    return found


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _pages(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) if fields else 0


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` after the name (proc(5): utime is 14, stime 15, rss 24)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
