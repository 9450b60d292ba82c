"""The directory's copy in memory: credentials and granted appeals, refreshed by polling off the event loop's thread.

While the database does not answer, the last copy goes on being used, and ``health`` says so: a key that is revoked
meanwhile is not known to be. At start there is no last copy, so then the error is raised.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.errors import StillwatchError
from stillwatch.gateway.directory.credential import (
    NOBODY,
    PREFIX,
    hash_secret,
    is_secret,
    make_credential,
    make_salt,
    parse_credential,
)
from stillwatch.gateway.directory.database import Database, State
from stillwatch.gateway.directory.feed import read_changed_keys, read_keys, read_open_appeals
from stillwatch.gateway.directory.look import Look, look_at
from stillwatch.gateway.directory.snapshot import Entry, PackedKeys, Snapshot
from stillwatch.gateway.nouns import Caller

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
"""A revocation is seen after this and one query; promised is a second."""
ASK_SECONDS = 2.0
"""SQLite is asked this often though its files look as they did: a disk that fails shows only then. A question to it is
1 to 3 ms of CPU, a look at its files 0.1 where the caches are cold."""
STALE_SECONDS = 2.0
"""Without an answer for this long (eight polls), health says that the copy is old."""
MAX_CHANGED = 50_000
"""Changed keys kept on top of the packed ones, about 40 MB; beyond, everything is read again and packed."""

_SALT = make_salt()
NO_ENTRY = Entry(_SALT, hash_secret(_SALT, make_credential().secret), float("inf"), None)
"""What an unknown credential is checked against: the same work, and nobody behind it."""


@dataclass(frozen=True, slots=True)
class KeyringHealth:
    """How the copy stands. ``problem`` is the last refresh's error, empty if it worked."""

    fresh: bool
    age_seconds: float
    """Since the database last answered."""
    keys: int
    """Packed and changed."""
    changes: int
    """The directory's counter as last seen."""
    problem: str


class DirectoryKeyring:
    """Implements ``ports.Keyring`` over a database. Loads at once; ``start`` goes on polling in a thread of its own."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_refresh: Callable[[KeyringHealth], None] = lambda _health: None,
    ) -> None:
        """Load everything. Raises DirectoryError if the database does not answer.

        ``clock`` gives seconds since 1970 for expiry, ``monotonic`` the copy's age; ``on_refresh`` is told after every
        poll, in the polling thread, and must not raise: metrics hang there.
        """
        self._database, self._clock, self._monotonic, self._on_refresh = database, clock, monotonic, on_refresh
        self._problem = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: Look | None = None
        self._ask_at = 0.0
        self._state = database.state()
        self._snapshot = self._load(self._state)
        self._answered_at = monotonic()

    def find(self, credential: str) -> Caller | None:
        """Return who holds this credential; None if it is malformed, unknown, wrong, revoked or expired.

        One hash and one comparison in constant time, whatever was given.
        """
        given = parse_credential(credential) or NOBODY
        entry = self._snapshot.find(given.id) or NO_ENTRY
        opens = is_secret(given.secret, salt=entry.salt, hashed=entry.hash)
        return entry.caller if opens and entry.expires_at > self._clock() else None

    def is_current(self, caller: Caller) -> bool:
        """Whether the credential that this caller was found for opens still, so that it need not be hashed again.

        An entry is never changed, only replaced: while the key's entry holds this very object, its hash is the one that
        the credential was compared with.
        """
        entry = self._snapshot.find(caller.key[len(PREFIX) :])
        return entry is not None and entry.caller is caller and entry.expires_at > self._clock()

    def is_appeal_granted(self, account: str) -> bool:
        """Answer whether a granted appeal of the account is in force: then its standing does not count against it."""
        ends_at = self._appeals.get(account)
        return ends_at is not None and ends_at > self._clock()

    def poll(self) -> None:
        """Take over what changed since the last poll. Never raises: a problem is logged once and kept for health."""
        try:
            self._refresh()
        except (StillwatchError, OSError) as problem:
            if not self._problem:
                log.warning("keys are not refreshed, revocations are not seen: %s", problem)
            self._problem = str(problem)
        else:
            if self._problem:
                log.warning("keys are refreshed again")
            self._problem = ""
            self._answered_at = self._monotonic()
        self._on_refresh(self.health())

    def health(self) -> KeyringHealth:
        """Say how old the copy is and why."""
        age = self._monotonic() - self._answered_at
        keys = len(self._snapshot.packed) + len(self._snapshot.changed)
        return KeyringHealth(age < STALE_SECONDS, age, keys, self._state.changes, self._problem)

    def start(self) -> None:
        """Poll every ``POLL_SECONDS`` until ``stop``, in a daemon thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="keyring", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; the copy stays usable."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.poll()

    def _refresh(self) -> None:
        path, now = self._database.path, self._monotonic()
        look = None if path is None else look_at(path, now=self._clock())
        if look is None or look != self._seen or now >= self._ask_at:
            self._take_over(self._database.state())
            self._seen, self._ask_at = look, now + ASK_SECONDS

    def _take_over(self, state: State) -> None:
        if state == self._state:
            return
        if state.identity != self._state.identity or state.changes < self._state.changes:
            # Another directory, or an older copy of this one put back: nothing that was seen holds.
            self._snapshot = self._load(state)
            return
        rows = read_changed_keys(self._database, since=self._state.changes, most=MAX_CHANGED)
        if len(rows) + len(self._snapshot.changed) >= MAX_CHANGED:
            self._snapshot = self._load(state)
            return
        self._appeals = read_open_appeals(self._database)
        self._snapshot = self._snapshot.with_changes(rows)
        self._state = state

    def _load(self, state: State) -> Snapshot:
        """Read everything. ``state`` was read before, so what changes meanwhile is read again by the next poll."""
        self._appeals = read_open_appeals(self._database)
        packed = PackedKeys(read_keys(self._database, now=self._clock()))
        self._state = state
        return Snapshot(packed)
