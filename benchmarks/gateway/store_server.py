"""A real Redis (or Valkey) on loopback, without persistence: started, paused, killed, restarted."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


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


class RedisServer:
    """One server; it keeps its port over restarts and forgets everything."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert PROGRAM is not None
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [PROGRAM, *where, "--save", "", "--appendonly", "no", *self._options], stdout=subprocess.DEVNULL
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
def running(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Run a server until the block ends."""
    server = RedisServer(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
