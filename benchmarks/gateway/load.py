"""Load on one proxy, and what it cost."""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.processes import Program
from benchmarks.gateway.shapes import PATH, ask

LONGEST_SECONDS = 60.0
MULTIPLES = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """One slice of load: calls and what the proxy's processes used for them."""

    calls: int
    cpu_microseconds: float
    calls_a_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def drive(
    program: Program, key: str, folder: Path, *, connections: int, seconds: float, stream: bool, core: int
) -> Load:
    """Run ``wrk`` against a proxy. Latencies are of whole answers."""
    script = folder / f"post-{stream}-{key[:4]}.lua"
    head = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
    auth = f'wrk.headers["authorization"] = "Bearer {key}"\n'
    script.write_text(f"{head}{auth}wrk.body = [[{ask(stream=stream)}]]\n")
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency"]
    before = program.cpu_seconds()
    url = f"http://127.0.0.1:{program.port}{PATH}"
    said = subprocess.run([*command, "-s", str(script), url], capture_output=True, text=True, check=True).stdout
    used = program.cpu_seconds() - before
    calls = int(_find(r"(\d+) requests in", said))
    if not calls:
        # On a busy machine the slowest proxy answers nobody in a short slice.
        assert seconds < LONGEST_SECONDS, f"{program.name} answered no call in {seconds:g} s"
        return drive(program, key, folder, connections=connections, seconds=2 * seconds, stream=stream, core=core)
    failed = int(_find(r"Non-2xx or 3xx responses: (\d+)", said, "0"))
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    failed += sum(map(int, errors.groups())) if errors else 0
    rate = float(_find(r"Requests/sec:\s+([\d.]+)", said))
    return Load(calls, used / calls * 1e6, rate, _latency("50", said), _latency("99", said), failed)


def first_byte_ms(port: int, key: str, *, calls: int) -> list[float]:
    """Return, for calls one after the other on one connection, the time to the first byte of a streamed answer."""
    body = ask(stream=True).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
    request = head.encode() + b"content-length: %d\r\n\r\n%s" % (len(body), body)
    times = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(calls):
            started = time.perf_counter()
            connection.sendall(request)
            read = connection.recv(65536)
            times.append((time.perf_counter() - started) * 1e3)
            assert read.startswith(b"HTTP/1.1 200"), read[:200]
            while not read.endswith(b"0\r\n\r\n"):
                read = connection.recv(65536)
                assert read, "the proxy closed the connection in the middle of an answer"
    return times


def median(loads: Sequence[Load], name: str) -> float:
    """Return the median of one figure over the slices."""
    return statistics.median(getattr(load, name) for load in loads)


def _latency(percentile: str, said: str) -> float:
    value, unit = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(value) * MULTIPLES[unit]


def _find(pattern: str, said: str, otherwise: str | None = None) -> str:
    found = re.search(pattern, said)
    if found is None:
        assert otherwise is not None, said
        return otherwise
    return found[1]
