"""A Redis or Valkey server of our own on loopback, for measurements."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from benchmarks.gateway.store_server import PROGRAM, running


@contextmanager
def local_store(folder: Path) -> Iterator[str]:
    """Start a server without persistence on a free port, yield its address, stop it."""
    if PROGRAM is None:
        sys.exit("no redis-server or valkey-server on the path: install one to measure the store")
    with running(folder) as server:
        yield server.url


def server_seconds(url: str) -> float:
    """Return the CPU seconds that the server has used."""
    with redis.Redis.from_url(url) as client:
        info = client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
