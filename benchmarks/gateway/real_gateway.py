"""The whole gateway as its users run it: a program in a folder, with a settings file, keys, journal and limits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal.frames import Kind, decode
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.settings import Journal
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.store.key import read_or_create_key
from stillwatch.watch.sealing import seal

COMMAND = (sys.executable, "-c", "from stillwatch.cli.main import main; main()", "gateway", "--config", "gateway.toml")
PATIENCE_SECONDS = 180.0
UPSTREAM_KEY = "sk-upstream-0123456789-never-to-be-seen"
SETTINGS = """
admin_port = {admin}
{top}
[listen]
port = {port}
workers = {workers}
drain_seconds = 2
{listen}
[[upstreams]]
name = "model"
url = "{upstream}"
key_file = "upstream-key"
allow_private = true
{of_upstream}
[[models]]
name = "stand-in"
aliases = ["stand-in-latest"]
upstream = "model"
{more}
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first truth of what is asked again and again. Raises AssertionError when time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came true")


def get(url: str, **headers: str) -> tuple[int, bytes]:
    """Return status and body of a page; status 0 where nobody answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=10) as answer:  # noqa: S310
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read()
    except OSError:
        return 0, b""


@dataclass
class RealGateway:
    """Use as a context manager. ``keys`` has one key of each of ``accounts``."""

    folder: Path
    upstream: str
    workers: int = 1
    accounts: Sequence[str] = ("alice", "bob")
    plans: Mapping[str, str] = field(default_factory=dict)
    top: str = ""
    listen: str = ""
    of_upstream: str = ""
    more: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """On top of this process's own."""
    port: int = field(default_factory=free_port)
    admin: int = field(default_factory=free_port)
    keys: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"admin": self.admin, "port": self.port, "workers": self.workers, "upstream": self.upstream}
        told |= {"top": self.top, "listen": self.listen, "of_upstream": self.of_upstream, "more": self.more}
        (self.folder / "gateway.toml").write_text(SETTINGS.format(**told))
        (self.folder / "upstream-key").write_text(UPSTREAM_KEY)
        (self.folder / ".stillwatch").mkdir(mode=0o700, exist_ok=True)
        with Directory(f"sqlite:///{self.folder}/.stillwatch/directory.sqlite") as directory:
            for account in self.accounts:
                values = {"plan": self.plans[account]} if account in self.plans else {}
                directory.accounts.add(account, values, by="test", now=time.time())
                self.keys[account] = directory.keys.issue(account, by="test", now=time.time()).text
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_over():
            self.kill()

    @property
    def url(self) -> str:
        """Return where callers connect."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process that was started."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it serves."""
        with (self.folder / "said.txt").open("ab") as out:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=self.folder,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        try:
            eventually(lambda: get(f"{self.url}/readyz")[0] == 200 or self._is_over())
            assert not self._is_over()
        except AssertionError:
            self.__exit__()
            raise AssertionError(f"the gateway did not start: {self.said()}") from None

    def _is_over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> int:
        """Drain it; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Kill -9 all of it at once."""
        assert self.process is not None
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def worker_pids(self) -> list[int]:
        """Return the workers (the process itself where there is one)."""
        if self.workers == 1:
            return [self.pid]
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        # multiprocessing's resource tracker is a child as well, and no worker
        return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]

    def said(self) -> str:
        """Return all that it wrote to its log."""
        return (self.folder / "said.txt").read_text()

    def health(self) -> dict[str, Any]:
        """Return the health page of one worker; empty where nobody answers."""
        return dict(orjson.loads(get(f"{self.url}/healthz")[1] or b"{}"))

    @property
    def journal(self) -> Journal:
        """Return the journal's settings."""
        data = self.folder / ".stillwatch"
        return Journal(folder=data / "journal", key_file=data / "key")


@dataclass
class Recorded:
    """What is in a journal: how often each call was admitted and finished, by its id, and prompts by id."""

    admitted: Counter[str] = field(default_factory=Counter)
    finished: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


def read_ahead(journal: Journal) -> Recorded:
    """Read the write-ahead segments, which hold everything until the first sealing."""
    found = Recorded()
    for segment in Layout(journal.folder).segments():
        for frame in decode(segment.path.read_bytes()):
            if frame.kind is Kind.ADMIT:
                found.admitted[frame.about] += 1
                found.rows[frame.about] = frame.row
                found.prompts[frame.about] = _words(frame.row)
            elif frame.kind is Kind.FINISH:
                found.finished.setdefault(frame.about, []).append(frame.row)
            elif frame.kind is Kind.NOTE:
                found.notes.append({"kind": frame.about, **frame.row})
    return found


def sealed_times(journal: Journal, call_ids: Sequence[str]) -> list[int]:
    """Seal everything; return how often each call is in the sealed journal."""
    seal(journal)
    files = Layout(journal.folder).sealed_files()
    times = Counter(call for path in files for call in pq.read_table(path, columns=["call"])["call"].to_pylist())
    prints = Fingerprinter(read_or_create_key(journal.key_file))
    keyed = prints.keyed_array("call", pa.array(list(call_ids), pa.string())).to_pylist()
    return [times[key] for key in keyed]


def _words(row: dict[str, Any]) -> str:
    """Return all text of a record."""
    return orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS).decode()
