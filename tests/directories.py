"""Directories for tests: in SQLite, and in a PostgreSQL server of the test's own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NOW = 1_800_000_000.0


def postgresql_binaries() -> Path | None:
    """Find the folder of initdb and postgres, which Debian keeps off the path."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    return next((p.parent for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


class PostgresqlServer:
    """A server on a Unix socket in a folder of its own, run by somebody who is not root."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries, self._folder = binaries, folder
        self._user = (
            {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        self._process: subprocess.Popen[bytes] | None = None
        command = [
            "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=stillwatch",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        self._run(*command, "-D", str(folder / "data")).wait()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://stillwatch@/postgres?host={self._folder}"

    def new_database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        import psycopg  # noqa: PLC0415  only where there is a server

        with psycopg.connect(host=str(self._folder), user="stillwatch", dbname="postgres", autocommit=True) as made:
            made.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # own name
        return self.url.replace("/postgres?", f"/{name}?")

    def start(self) -> None:
        settings = ("listen_addresses=", "fsync=off", f"unix_socket_directories={self._folder}", "max_connections=20")
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = self._run("postgres", "-D", str(self._folder / "data"), *options)
        for _ in range(600):
            ready = self._run("pg_isready", "-q", "-h", str(self._folder)).wait()
            if ready == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self._folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._binaries / program), *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._user,  # type: ignore[call-overload]
            )


@contextlib.contextmanager
def postgresql_server(binaries: Path) -> Iterator[PostgresqlServer]:
    # Not pytest's folder: nobody but its owner may enter that, and here the server's user must.
    folder = Path(tempfile.mkdtemp(prefix="stillwatch-pg-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        server = PostgresqlServer(binaries, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
