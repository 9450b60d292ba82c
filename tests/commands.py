"""``stillwatch COMMAND`` as a process of its own that begins with everything imported.

Most commands of a test do less work than importing their libraries takes. One server imports them once and forks for
each command; folder, environment, output and exit code are the command's own, as from a shell.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stillwatch.cli import commands, main

SECONDS = 1_800.0
"""A hang is a failure too."""
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([f"{commands.__name__}.{m.name}" for m in pkgutil.iter_modules(commands.__path__)])


def run_command(
    *words: str, cwd: Path, environment: Mapping[str, str] | None = None, seconds: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run ``stillwatch WORDS`` in a folder, with ``environment`` on top of this process's own.

    Raises subprocess.TimeoutExpired, with the command killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = (Path(folder, name) for name in ("out", "err"))
        process = _PROCESSES.Process(target=_become, args=(words, cwd, {**os.environ, **(environment or {})}, out, err))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, seconds)
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _become(words: tuple[str, ...], cwd: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["stillwatch", *words]
    main()
