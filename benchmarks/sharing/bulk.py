"""``python -m benchmarks.sharing.bulk``: one POST of 10,000 objects, one in a hundred bad, with kill -9 in it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sharing.taxii import MEDIA, ask, indicator, wait
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers

COUNT, BAD = 10_000, 100
BASE = "http://127.0.0.1:18097"
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Bulk:
    """What became of it."""

    accepted_seconds: float
    done_seconds: float
    taken: int
    refused: int
    kept: int
    twice: int


def serve(store: str) -> subprocess.Popen[bytes]:
    """Start the server on loopback."""
    code = "from stillwatch.cli import main; main()"
    command = [sys.executable, "-c", code, "share", "serve", "--listen", BASE.removeprefix("http://"), "--store", store]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def measure(folder: Path, *, kill: bool) -> Bulk:
    """POST the objects and wait for the end of the job; with ``kill`` the server dies once and is started again."""
    store = f"sqlite:///{folder}/bulk-{kill}.db"
    database = open_sharing(store)
    callers = Callers(database)
    collection = callers.add_collection("Bulk")
    token = "Bearer " + callers.add_caller("bulk", read=["Bulk"], write=["Bulk"])
    database.close()
    given = [indicator(n) for n in range(COUNT)]
    for at in random.Random(1).sample(range(COUNT), BAD):
        del given[at]["type"]
    process = serve(store)
    try:
        wait(f"{BASE}/taxii2/", token)
        began = time.perf_counter()
        status = _post(f"{BASE}/api/collections/{collection}/objects/", token, given)
        accepted = time.perf_counter() - began
        if kill:
            process.kill()
            process.wait()
            process = serve(store)
            wait(f"{BASE}/taxii2/", token)
        until = time.monotonic() + PATIENCE_SECONDS
        while status["status"] != "complete" and time.monotonic() < until:
            time.sleep(0.05)
            _, status = ask(f"{BASE}/api/status/{status['id']}/", token)
        done = time.perf_counter() - began
        names = _names(f"{BASE}/api/collections/{collection}/objects/", token)
    finally:
        process.kill()
        process.wait()
    kept = len(set(names))
    return Bulk(accepted, done, status["success_count"], status["failure_count"], kept, len(names) - kept)


def _post(url: str, token: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    headers = {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": token}
    body = json.dumps({"objects": objects}).encode()
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310 - loopback
        said: dict[str, Any] = json.load(response)
    return said


def _names(url: str, token: str) -> list[str]:
    """Read every page; return the ids in the order in which they came."""
    names: list[str] = []
    query = "?limit=1000"
    while True:
        _, page = ask(url + query, token)
        names += [made["id"] for made in page.get("objects", [])]
        if not page.get("more"):
            return names
        query = f"?limit=1000&next={page['next']}"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for kill in (False, True):
            print("killed:" if kill else "undisturbed:", measure(Path(folder), kill=kill))


if __name__ == "__main__":
    main()
