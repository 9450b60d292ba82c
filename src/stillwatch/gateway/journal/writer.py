"""The journal as the proxy uses it: every admitted call is in a file before anything is sent upstream.

``admit``, ``finish`` and ``note`` write with one system call and return, so what they wrote outlives the process; one
thread puts it on disk every ``fsync_seconds`` for all calls together, so it outlives a power cut but for that time.
Nothing is queued but the ends of calls: those of one turn of the event loop, which go to the file together in the next
(``gather_ends``), and those that found the disk full, of which only ``MAX_WAITING_BYTES`` wait.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread

from stillwatch.errors import JournalError
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.frames import Kind, encode
from stillwatch.gateway.journal.layout import Layout, State, new_run
from stillwatch.gateway.journal.segment import OpenSegment, open_segment
from stillwatch.gateway.journal.trouble import Counts, Trouble
from stillwatch.gateway.ports import JournalFull
from stillwatch.gateway.settings import Journal

FORMAT = 1
"""Number of the frames' format, in every segment's header."""
MAX_WAITING_BYTES = 4 << 20
"""Ends of calls kept in memory while the disk is full: about 20,000 of them."""
MOST_PROBED_BYTES = 1 << 16
"""Room for a call is looked for with a note as long as the one that found none, up to here: a short one fits into the
last bytes of a full disk, and would say that all is well between any two calls that are refused."""
MAX_RETIRED = 8
"""Segments waiting for the disk; while it is that slow, the open one grows beyond its size instead."""
log = logging.getLogger("stillwatch.journal")

# Python 3.11 looks members of an enumeration up in Python; these two are looked up for every call.
_ADMIT, _FINISH = Kind.ADMIT, Kind.FINISH


class JournalWriter:
    """The ``Recorder`` of one worker process. Make it after forking; it may be used from several threads.

    Raises JournalError if its folder cannot be used.
    """

    def __init__(self, settings: Journal, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.counts = Counts()
        self._trouble = Trouble(settings, monotonic, self.counts)
        self.run = new_run()
        self._settings, self._now = settings, monotonic
        self._layout = Layout(settings.folder)
        self._layout.create()
        try:
            self._held = alive.hold(self._layout.lock_path(self.run))
        except OSError as problem:
            raise JournalError(f"{settings.folder}: cannot be written: {problem.strerror}; free space") from problem
        self._lock, self._stop = Lock(), Event()
        self._segment: OpenSegment | None = None
        self._number = 0
        self._dirty = False
        self._needed = 0
        self._retired: deque[OpenSegment] = deque()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ended: list[bytes] = []
        self._soon: Callable[[Callable[[], None]], object] | None = None
        self._thread = Thread(target=self._keep_syncing, name="journal-sync", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Return why calls are refused or shed now, empty if they are not."""
        return self._trouble.syncing or self._trouble.writing

    def admit(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write the admitted call. Raises JournalFull where there is no room and the setting says ``refuse``."""
        frame = encode(_ADMIT, call_id, row)
        try:
            if self._trouble.syncing and self._trouble.refuses:
                raise OSError(self._trouble.syncing)  # noqa: TRY301 - one way out for both kinds of trouble
            self._write(frame)
        except OSError as problem:
            self._trouble.met(problem)
            self._needed = max(self._needed, min(len(frame), MOST_PROBED_BYTES))
            if self._trouble.refuses:
                self.counts.refused += 1
                raise JournalFull(f"{self._settings.folder}: {problem.strerror or problem}; free space") from problem
            self.counts.shed += 1
        else:
            self.counts.admitted += 1
            if self._trouble.writing:
                self._find_room()

    def finish(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write how the call ended. Never raises; on a full disk it waits in memory, up to a bound, then is counted."""
        frame = encode(_FINISH, call_id, row)
        if self._soon is None:
            self._write_ends([frame])
            return
        if not self._ended:
            self._soon(self._write_gathered)
        self._ended.append(frame)

    def gather_ends(self) -> None:
        """From now on write the ends of one turn of the running event loop together, at the beginning of the next.

        A write costs the same for one as for ten. From here on ``finish`` is for the loop's thread only.
        """
        self._soon = asyncio.get_running_loop().call_soon

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        """Write something that is no call. Never raises; what finds no room is counted."""
        try:
            self._write(encode(Kind.NOTE, kind, {"at": time.time(), **row}))
        except OSError as problem:
            self._trouble.met(problem)
            self.counts.notes_lost += 1
        else:
            self.counts.noted += 1

    def close(self) -> None:
        """Put everything on disk and let go. Calls that are still open stay open in the journal."""
        self._write_gathered()
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._close_segment()
        self._sync()
        while self._retired:
            self._sync()
        os.close(self._held)

    def _write_gathered(self) -> None:
        ended, self._ended = self._ended, []
        if ended:
            self._write_ends(ended)

    def _write_ends(self, ended: list[bytes]) -> None:
        try:
            self._write(b"".join(ended))
        except OSError as problem:
            self._trouble.met(problem)
            for frame in ended:
                self._wait(frame)
        else:
            self.counts.finished += len(ended)

    def _write(self, frames: bytes) -> None:
        with self._lock:
            segment = self._segment or self._open()
            while self._waiting:
                segment.append(self._waiting[0])
                self._forget_waiting()
                self.counts.finished += 1
            segment.append(frames)
            self._dirty = True
            self.counts.bytes += len(frames)
            if segment.size >= self._settings.segment_bytes and len(self._retired) < MAX_RETIRED:
                self._close_segment()

    def _find_room(self) -> None:
        self._needed = 0
        self._trouble.over()

    def _open(self) -> OpenSegment:
        header = encode(Kind.HEADER, self.run, {"format": FORMAT, "pid": os.getpid(), "at": time.time()})
        path = self._layout.segment_path(self.run, self._number + 1, State.OPEN)
        self._segment = open_segment(path, header=header, now=self._now())
        self._number += 1
        return self._segment

    def _close_segment(self) -> None:
        if self._segment is not None:
            self._retired.append(self._segment)
            self._segment = None

    def _wait(self, frame: bytes) -> None:
        with self._lock:
            if self._waiting_bytes + len(frame) > MAX_WAITING_BYTES:
                self.counts.finishes_lost += 1
                return
            self._waiting.append(frame)
            self._waiting_bytes += len(frame)
            self.counts.waiting = len(self._waiting)

    def _forget_waiting(self) -> None:
        self._waiting_bytes -= len(self._waiting.popleft())
        self.counts.waiting = len(self._waiting)

    def _keep_syncing(self) -> None:
        while not self._stop.wait(self._settings.fsync_seconds):
            try:
                self._sync()
            except Exception:
                log.exception("journal: the syncing thread met a bug; it goes on")

    def _sync(self) -> None:
        with self._lock:
            segment, dirty = self._segment, self._dirty or bool(self._trouble.syncing)
            self._dirty = False
            if segment and self._now() - segment.opened_at >= self._settings.segment_seconds:
                self._close_segment()
            retired = list(self._retired)
        try:
            for one in retired:
                self._retired.popleft()
                one.retire()
            if segment and dirty and segment not in retired:
                segment.sync()
            if self._trouble.syncing:
                self._probe()
        except OSError as problem:
            self._trouble.met_syncing(problem)
        if self._waiting or self.problem:
            self._try_again()

    def _probe(self) -> None:
        # After a failed fsync the system may have forgotten what it lost: only a new file that syncs shows it is well.
        with self._lock:
            self._close_segment()
            segment = self._open()
        segment.sync()
        self._trouble.synced()

    def _try_again(self) -> None:
        try:
            self._write(encode(Kind.NOTE, "room", {"at": time.time(), "room": " " * self._needed}))
        except OSError as problem:
            self._trouble.met(problem)
        else:
            if self._trouble.writing:
                self._find_room()
