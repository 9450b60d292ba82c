"""``python -m benchmarks.sharing.taxii [--objects N] [--medallion PYTHON]``: pages of a large collection, over HTTP.

``--medallion`` is the Python of an environment with medallion (and ``flask<3``), the reference server, which is
measured beside it in the same run: it holds objects in memory, so with far fewer of them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from stillwatch.sharing.tables import objects, open_sharing
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.checks import Checked
from stillwatch.sharing.taxii.collection_store import CollectionStore
from stillwatch.sharing.taxii.times import write_time

MEDIA = "application/taxii+json;version=2.1"
PART = 5_000
PAGES = 60
MEDALLION_OBJECTS = (500, 1_000, 2_000)
Row = tuple[object, ...]


def indicator(number: int) -> dict[str, Any]:
    """Return an indicator of about 700 bytes."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": "Client network",
        "description": "x" * 300,
        "pattern": f"[ipv4-addr:value ISSUBSET '{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}.0/24']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00.000Z",
        "valid_until": "2026-03-01T00:00:00.000Z",
    }


def load(store: str, count: int) -> tuple[str, str]:
    """Fill a collection; return its id and a token."""
    database = open_sharing(store)
    callers = Callers(database)
    collection = callers.add_collection("Bench")
    token = callers.add_caller("bench", read=["Bench"], write=["Bench"])
    kept = CollectionStore(database, clock=time.time)
    started = time.monotonic()
    for at in range(0, count, PART):
        given = [indicator(n) for n in range(at, min(at + PART, count))]
        checked = [
            Checked(o["id"], "indicator", o["modified"], 1_767_225_600_000_000, "2.1", "", json.dumps(o).encode())
            for o in given
        ]
        with database.write() as connection:
            kept.add(connection, collection, checked)
    print(f"loaded {count:,} objects in {time.monotonic() - started:.0f} s")
    database.close()
    return collection, token


def ask(url: str, authorization: str) -> tuple[float, dict[str, Any]]:
    """GET a page; return seconds and JSON."""
    request = urllib.request.Request(url, headers={"Accept": MEDIA, "Authorization": authorization})  # noqa: S310
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310 - loopback
        raw = response.read()
    return time.perf_counter() - started, json.loads(raw)


def walk(address: str, authorization: str, *, start: str = "") -> tuple[list[float], dict[str, Any]]:
    """Read pages of 100, one after the other, from the beginning or after a date."""
    seconds: list[float] = []
    query, body = f"?limit=100{start}", {}
    while len(seconds) < PAGES:
        took, body = ask(address + query, authorization)
        seconds.append(took)
        if not body.get("more"):
            break
        query = f"?limit=100&next={body['next']}"
    return seconds, body


def told(server: str, count: int, pages: str, seconds: list[float]) -> Row:
    """Print and return first page, median and slowest, in ms."""
    first, median, most = (1000 * s for s in (seconds[0], statistics.median(seconds), max(seconds)))
    row = (server, count, pages, len(seconds), f"{first:,.1f}", f"{median:,.1f}", f"{most:,.1f}")
    print(*row, sep="; ", flush=True)
    return row


def ours(count: int, folder: Path) -> tuple[list[Row], int]:
    """Measure our server; return a row for each place of the pages, and by how many kB its memory grew."""
    store = f"sqlite:///{folder}/bench.db"
    collection, token = load(store, count)
    code = "from stillwatch.cli import main; main()"
    command = [sys.executable, "-c", code, "share", "serve", "--listen", "127.0.0.1:18099", "--store", store]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            base = "http://127.0.0.1:18099"
            wait(f"{base}/taxii2/", f"Bearer {token}")
            address = f"{base}/api/collections/{collection}/objects/"
            status = Path(f"/proc/{process.pid}/status")
            held = memory(status)
            starts = {
                "from the beginning": "",
                "from the middle": f"&added_after={tail(store, count // 2)}",
                "the last": f"&added_after={tail(store, PAGES * 100)}",
                "`match[type]`": "&match[type]=indicator",
            }
            rows = []
            for name, start in starts.items():
                seconds, _ = walk(address, f"Bearer {token}", start=start)
                rows.append(told("Stillwatch", count, name, seconds))
            return rows, memory(status) - held
        finally:
            process.terminate()


def tail(store: str, count: int) -> str:
    """Return a ``date_added`` with so many objects after it."""
    database = open_sharing(store)
    with database.read() as connection:
        wanted = select(objects.c.added).order_by(objects.c.added.desc()).offset(count).limit(1)
        added = int(connection.execute(wanted).scalar_one())
    database.close()
    return write_time(added)


def memory(status: Path) -> int:
    """Return resident kB of a process."""
    return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")))


def wait(url: str, authorization: str) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        try:
            ask(url, authorization)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def medallion(python: str, folder: Path) -> list[Row]:
    """Measure medallion with its memory store; return a row for each size."""
    rows = []
    basic = "Basic " + b64encode(b"bench:bench").decode()
    for count in MEDALLION_OBJECTS:
        stored = [indicator(n) for n in range(count)]
        stamps = [f"2026-01-01T00:00:{n // 1000:02d}.{n % 1000:03d}000Z" for n in range(count)]
        manifest = [
            {
                "id": o["id"],
                "date_added": s,
                "version": o["modified"],
                "media_type": "application/stix+json;version=2.1",
            }
            for o, s in zip(stored, stamps, strict=True)
        ]
        collection = {
            "id": "91a7b528-80eb-42ed-a74d-c6fbd5a26116",
            "title": "Bench",
            "can_read": True,
            "can_write": True,
            "media_types": ["application/stix+json;version=2.1"],
            "objects": stored,
            "manifest": manifest,
        }
        root = {
            "information": {"title": "x", "versions": [MEDIA], "max_content_length": 9765625},
            "status": [],
            "collections": [collection],
        }
        data = {
            "/discovery": {
                "title": "x",
                "default": "http://127.0.0.1:18098/api/",
                "api_roots": ["http://127.0.0.1:18098/api/"],
            },
            "api": root,
        }
        (folder / "data.json").write_text(json.dumps(data))
        config = {
            "backend": {
                "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend",
                "filename": str(folder / "data.json"),
            },
            "users": {"bench": "bench"},
            "taxii": {"max_page_size": 100},
        }
        (folder / "config.json").write_text(json.dumps(config))
        command = [str(Path(python).with_name("medallion")), "--port", "18098", str(folder / "config.json")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                wait("http://127.0.0.1:18098/taxii2/", basic)
                address = f"http://127.0.0.1:18098/api/collections/{collection['id']}/objects/"
                took, _ = ask(f"{address}?limit=100", basic)
                rows.append(told("medallion", count, "from the beginning", [took]))
            finally:
                process.terminate()
    return rows


def main() -> None:
    """Measure ours, and medallion where it is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--medallion", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _, grown = ours(asked.objects, Path(folder))
        print(f"server memory: {grown:,} kB more")
        if asked.medallion:
            medallion(asked.medallion, Path(folder))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU of the servers: {used.ru_utime + used.ru_stime:.1f} s")


if __name__ == "__main__":
    main()
