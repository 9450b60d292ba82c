"""``stillwatch evidence witness`` as a program on loopback."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from hashlib import sha256
from pathlib import Path

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]


class RunningWitness:
    """The witness command; ``url`` and ``vkeys`` are what it prints."""

    def __init__(self, folder: Path, log_key: str) -> None:
        self._process = subprocess.Popen(
            [*STILLWATCH, "evidence", "witness", "--listen", "127.0.0.1:0", "--folder", folder, "--log", log_key,
             "--name", "witness.example/1"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stderr is not None
        said = [self._process.stderr.readline() for _ in range(3)]
        found = re.search(r"http://\S+(?=;)", said[0])
        assert found, said
        self.url, self.vkeys = found[0], [line.strip() for line in said[1:]]

    def latest(self, origin: str) -> bytes:
        """Return what a monitor reads."""
        address = f"{self.url}/{sha256(origin.encode()).hexdigest()}/checkpoint"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (loopback)
            return bytes(answer.read())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(how)
        self._process.communicate(timeout=30)
