"""Ten thousand slow streams at once through one worker: memory, and whether every stream ends whole.

``python -m benchmarks.gateway.slow_streams [STREAMS]``: each stream sends its 23 events one every two seconds.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.gateway.processes import Program, running
from benchmarks.gateway.proxies import LOAD_CORE, STREAM_PORT, proxy
from benchmarks.gateway.shapes import KEY, PATH, ask

INTERVAL_MS = 2000.0
PORT = 18790
RAMP_SECONDS = 10.0
"""Over which the streams are opened: a thousand a second, as a load balancer would hand them on."""


@dataclass(frozen=True)
class Slow:
    """What came of it."""

    streams: int
    whole: int
    rss_before_mib: float
    rss_open_mib: float
    rss_after_mib: float
    cpu_seconds: float
    most_open: int

    @property
    def kib_a_stream(self) -> float:
        """Memory that one open stream takes in the gateway."""
        return (self.rss_open_mib - self.rss_before_mib) * 1024 / self.streams


def file_limit() -> int:
    """Return the ceiling of open files of a process."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 20 if hard == resource.RLIM_INFINITY else hard


def measure(streams: int, folder: Path, *, name: str = "ours") -> Slow:
    """Open the streams, look at the gateway when all are open, wait for their ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * streams + 1000), hard), hard))
    model = [sys.executable, "-m", "benchmarks.gateway.streams", str(STREAM_PORT), str(INTERVAL_MS)]
    with running("streams", model, STREAM_PORT, core=LOAD_CORE), proxy(name, folder, PORT, STREAM_PORT) as program:
        return uvloop.run(_run(program, streams))


async def _run(program: Program, streams: int) -> Slow:
    before, used = program.rss_mib(), program.cpu_seconds()
    state = State()
    tasks = []
    for at in range(streams):
        tasks.append(asyncio.create_task(_stream(state)))
        if at % 100 == 99:
            await asyncio.sleep(RAMP_SECONDS * 100 / streams)
    await asyncio.sleep(5)
    most, opened = state.open, program.rss_mib()
    whole = sum(await asyncio.gather(*tasks))
    await asyncio.sleep(2)
    return Slow(streams, whole, before, opened, program.rss_mib(), program.cpu_seconds() - used, most)


@dataclass
class State:
    """How many streams are open."""

    open: int = 0


async def _stream(state: State) -> int:
    """Open one stream, read it to its end, and return 1 if it was whole."""
    body = ask(stream=True).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(head.encode() + b"content-length: %d\r\n\r\n%s" % (len(body), body))
        await reader.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        return 0
    state.open += 1
    try:
        end = b""
        while data := await reader.read(65536):
            end = (end + data)[-64:]
    except OSError:
        return 0
    finally:
        state.open -= 1
        writer.close()
    return int(b"[DONE]" in end and end.endswith(b"0\r\n\r\n"))


def main() -> None:
    """Measure and print."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        found = measure(streams, Path(folder))
    print(found, f"{found.kib_a_stream:.1f} KiB a stream")


if __name__ == "__main__":
    main()
