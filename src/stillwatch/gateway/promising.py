"""Promises in answers: that a call will be in the evidence log, signed with the log's own key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.keyset import FILE, KeySet, read_passphrase
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.promises import promise_call
from stillwatch.gateway.log import log
from stillwatch.gateway.settings import Evidence

LOOK_SECONDS = 1.0
"""Between two looks for keys that follow the current ones (``stillwatch evidence rotate``)."""


class Promiser:
    """Signs for one worker. Old keys stay known to verifiers, so that a key rotated just now still signs well."""

    def __init__(self, settings: Evidence, *, clock: Callable[[], float] = monotonic) -> None:
        """Raise EvidenceError where no log was begun, or its key cannot be read."""
        self._folder, self._clock = settings.folder / "log/keys", clock
        file = settings.passphrase_file
        self._passphrase = partial(read_passphrase, file) if file else None
        self._seen = _state(self._folder)
        self._signer = self._read()
        self._look_at = clock() + LOOK_SECONDS

    def promise(self, call_id: str, started_at: int) -> bytes:
        """Return the header's value for a call that began then, in microseconds since 1970 UTC."""
        if self._clock() >= self._look_at:
            self._look()
        return promise_call(self._signer, call_id=call_id, started_at=started_at).encode()

    def _look(self) -> None:
        self._look_at = self._clock() + LOOK_SECONDS
        if (state := _state(self._folder)) != self._seen:
            try:
                self._signer, self._seen = self._read(), state
            except EvidenceError as problem:
                log("the evidence log's keys cannot be read; the last one goes on", problem=str(problem))

    def _read(self) -> Signer:
        keys = KeySet.read(self._folder)
        mine = [key for key in keys.current if key.algorithm is Algorithm.ED25519]
        return keys.signers(mine[:1], self._passphrase)[0]


def _state(folder: Path) -> tuple[int, int] | None:
    try:
        about = (folder / FILE).stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns
