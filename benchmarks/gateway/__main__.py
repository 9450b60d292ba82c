"""``python -m benchmarks.gateway [--quick]``: our gateway beside nginx, Envoy and LiteLLM, into ``RESULTS.md``.

``relay`` is our own server and client with nothing between them: the floor of ours (``relay_only.py``).

All proxies run at once, each on one worker and the same core, idle but for the one that is measured; slices take turns,
so that what else the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.gateway import slow_streams
from benchmarks.gateway.load import Load, drive, first_byte_ms, median
from benchmarks.gateway.proxies import LITELLM, LOAD_CORE, STREAM_PORT, Fleet, fleet
from benchmarks.gateway.shapes import EVENTS
from benchmarks.results import table, write_section

CONNECTIONS = 32
LEAK_CALLS = 1_000_000
FILES_FOR_OTHERS = 60
"""Open files that a gateway has besides its streams, of which each takes two."""


def main() -> None:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short slices, a tenth of the streams and calls")
    parser.add_argument("--rounds", type=int, metavar="N", help="slices of each proxy; otherwise 6, or 2 if quick")
    asked = parser.parse_args()
    names = ["ours", "relay", "nginx", "envoy", *(["litellm"] if LITELLM.exists() else [])]
    rounds, seconds = (2, 2.0) if asked.quick else (6, 4.0)
    rounds = asked.rounds or rounds
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder), names=names) as running:
        compared = compare(running, Path(folder), rounds=rounds, seconds=seconds)
        leak = calls_and_memory(running, Path(folder), calls=LEAK_CALLS // (10 if asked.quick else 1))
    with tempfile.TemporaryDirectory() as folder:
        slow = slow_streams.measure(1000 if asked.quick else most_streams(), Path(folder))
    body = "\n".join([compared, leak, describe(slow)])
    print(body)
    command = shlex.join(["python", "-m", "benchmarks.gateway", *sys.argv[1:]])
    write_section("gateway", "The gateway beside other proxies", body, command=command)


def compare(running: Fleet, folder: Path, *, rounds: int, seconds: float) -> str:
    """Return the table of all proxies."""
    whole: dict[str, list[Load]] = {name: [] for name in running.whole}
    streaming: dict[str, list[Load]] = {name: [] for name in running.whole}
    first: dict[str, list[float]] = {name: [] for name in (*running.whole, "direct")}
    for _ in range(rounds):
        for name, program in running.whole.items():
            told = {"connections": CONNECTIONS, "seconds": seconds, "core": LOAD_CORE}
            key = running.keys[name]
            whole[name].append(drive(program, key, folder, stream=False, **told))  # type: ignore[arg-type]
            streaming[name].append(drive(running.streaming[name], key, folder, stream=True, **told))  # type: ignore[arg-type]
            first[name] += first_byte_ms(running.streaming[name].port, key, calls=10)
        first["direct"] += first_byte_ms(STREAM_PORT, "none", calls=10)
    direct = statistics.median(first["direct"])
    rows = [_row(name, whole[name], streaming[name], statistics.median(first[name]) - direct) for name in whole]
    head = ("proxy", "CPU us a call", "calls/s", "p50 ms", "CPU us an event", "first byte +ms", "failed")
    return table(head, rows) + _ratios(whole, streaming)


def _row(name: str, whole: list[Load], streaming: list[Load], first: float) -> tuple[object, ...]:
    event = median(streaming, "cpu_microseconds") / EVENTS
    failed = sum(load.failed for load in (*whole, *streaming))
    told = (median(whole, "cpu_microseconds"), median(whole, "calls_a_second"), median(whole, "p50_ms"))
    return (name, *told, event, first, failed)


def _ratios(whole: dict[str, list[Load]], streaming: dict[str, list[Load]]) -> str:
    """Return our cost over each other's: the median over rounds of the ratio inside one round."""
    said = []
    for other in whole.keys() - {"ours"}:
        call = _ratio(whole["ours"], whole[other])
        event = _ratio(streaming["ours"], streaming[other])
        said.append(f"Of {other}'s CPU ours takes {call:.3g} times a call, {event:.3g} times an event.")
    return "\n" + "\n".join(sorted(said)) + "\n"


def _ratio(ours: Iterable[Load], theirs: Iterable[Load]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(a.cpu_microseconds / b.cpu_microseconds for a, b in pairs)


def calls_and_memory(running: Fleet, folder: Path, *, calls: int) -> str:
    """Return what our gateway's memory does over many calls."""
    program, key = running.whole["ours"], running.keys["ours"]
    seen = [program.rss_mib()]
    done = 0
    while done < calls:
        done += drive(program, key, folder, connections=CONNECTIONS, seconds=20, stream=False, core=LOAD_CORE).calls
        seen.append(program.rss_mib())
    shown = ", ".join(f"{mib:.0f}" for mib in seen)
    return f"Memory of our gateway over {done:,} calls, every 20 seconds, in MiB: {shown}.\n"


def most_streams() -> int:
    """Return ten thousand, or as many as the system's ceiling of open files allows at two a stream."""
    return min(10_000, (slow_streams.file_limit() - FILES_FOR_OTHERS) // 2)


def describe(slow: slow_streams.Slow) -> str:
    """Return what came of the slow streams."""
    return (
        f"{slow.streams:,} streams at once through one worker, an event every {slow_streams.INTERVAL_MS / 1000:g} s: "
        f"{slow.whole:,} came whole, {slow.most_open:,} were open at once; memory {slow.rss_before_mib:.0f} MiB "
        f"before, {slow.rss_open_mib:.0f} with all open ({slow.kib_a_stream:.1f} KiB a stream), "
        f"{slow.rss_after_mib:.0f} after; {slow.cpu_seconds:.1f} s of CPU.\n"
    )


if __name__ == "__main__":
    main()
