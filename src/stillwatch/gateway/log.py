"""Log lines of the gateway: one JSON object a line on standard error, without prompts, answers or credentials.

What a line may hold is decided here: names, numbers, and where in the code a failure happened; never an exception's
message from inside a call, for it may quote what it failed on.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from pathlib import Path

import orjson


def log(says: str, **fields: float | str | bool | None) -> None:
    """Write one line."""
    line = orjson.dumps({"at": round(time.time(), 3), "says": says, **fields}, option=orjson.OPT_APPEND_NEWLINE)
    sys.stderr.write(line.decode())
    sys.stderr.flush()


class JsonLines(logging.Handler):
    """Writes what libraries and neighbours log, as the same kind of lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; of an exception, its class and where."""
        if record.exc_info and record.exc_info[1] is not None:
            log_failure(record.getMessage().strip(), record.exc_info[1])
        else:
            log(record.getMessage(), level=record.levelname.lower(), logger=record.name)


def log_everything_here() -> None:
    """Send the warnings of every logger of this process here."""
    logging.basicConfig(handlers=[JsonLines()], level=logging.WARNING, force=True)


def log_failure(says: str, problem: BaseException) -> None:
    """Write a line about an exception that should not have happened: its class and where, not its words."""
    frames = traceback.extract_tb(problem.__traceback__)[-4:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    log(says, error=type(problem).__name__, where=where)


class _JsonLines(logging.Handler):
    """Writes what our parts log about themselves as the same lines. Their messages quote no call."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        log(record.getMessage(), level=record.levelname.lower(), part=record.name)


def log_problems() -> None:
    """Write what the parts of this process log from now on, from INFO up, to standard error."""
    ours = logging.getLogger("stillwatch")
    if not any(isinstance(handler, _JsonLines) for handler in ours.handlers):
        ours.addHandler(_JsonLines())
        ours.setLevel(logging.INFO)
        ours.propagate = False
