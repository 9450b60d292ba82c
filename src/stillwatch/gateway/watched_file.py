"""A small file that others replace while we run: read again when it changes, and the last good content kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, TypeVar

from stillwatch.errors import StillwatchError

Value = TypeVar("Value")
POLL_SECONDS = 0.4
"""Changes are seen within half a second, the reading included."""
log = logging.getLogger("stillwatch.gateway")


class WatchedFile(Generic[Value]):
    """What a file said when it could last be read, and what is wrong with it now.

    ``read`` turns the file into a value, or raises StillwatchError; it is called again only when the file's time, size
    or inode changed. Replace the file by renaming, so that nobody reads half of it.
    """

    def __init__(self, path: Path, read: Callable[[Path], Value], value: Value) -> None:
        self.path, self.value = path, value
        self.problem: str | None = None
        """Why the file as it is now is not in use; None = it is, or there is none yet."""
        self._read = read
        self._seen: tuple[int, int, int] | None = None
        self._was_there = False

    def refresh(self) -> bool:
        """Read the file if it changed. Return whether there is a new value; never raises for a bad file."""
        try:
            return self._swap(self._read_if_changed())
        except StillwatchError as problem:
            return self._keep(problem)

    async def refresh_aside(self) -> bool:
        """Do the same with the reading in a thread, so that the event loop goes on."""
        if self._signature() == self._seen:
            return False
        try:
            return self._swap(await asyncio.to_thread(self._read_if_changed))
        except StillwatchError as problem:
            return self._keep(problem)

    def _read_if_changed(self) -> list[Value]:
        """Return the new value in a list, or an empty list. Raises StillwatchError once for each bad state."""
        seen = self._signature()
        if seen == self._seen:
            return []
        self._seen = seen
        if seen is None:
            if self._was_there:
                raise StillwatchError(f"{self.path}: is gone; put it back")
            return []
        self._was_there = True
        return [self._read(self.path)]

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _swap(self, read: list[Value]) -> bool:
        if not read:
            return False
        (self.value,) = read
        if self.problem is not None:
            log.warning("%s: can be read again and is in use", self.path)
        self.problem = None
        return True

    def _keep(self, problem: StillwatchError) -> bool:
        self.problem = str(problem)
        log.error("%s; what it said before stays in use", problem)
        return False


class Poller:
    """Looks again and again in a task of the running loop, between ``start`` and ``stop``."""

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        self._look = look
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; the first look is over when this returns."""
        await self._look()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look()
            except Exception:
                # A look that fails must not be the last one.
                log.exception("looking for changes failed; the next look is in %.1f s", POLL_SECONDS)
