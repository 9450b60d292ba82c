"""What a witness remembers: the checkpoints it has cosigned, in SQLite, compared and replaced in one durable step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.files import sync_folder
from stillwatch.evidence.notes import Note, parse_note

KEPT = 10_000
"""Checkpoints kept for each log, a week at one a minute: a fork of any of those sizes is recognised, not only of the
latest, which is all that the protocol needs."""
BUSY_SECONDS = 10.0
"""How long a request waits for its turn; one turn takes milliseconds."""

_TABLE = """
CREATE TABLE IF NOT EXISTS cosigned (
  origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, PRIMARY KEY (origin, size)
) WITHOUT ROWID
"""


class Turn:
    """One log's memory while nobody else may read or change it."""

    def __init__(self, database: sqlite3.Connection, origin: str) -> None:
        self._database, self._origin = database, origin

    def latest(self) -> Checkpoint | None:
        """Return the checkpoint that was cosigned last, None if none ever was."""
        row = self._database.execute(
            "SELECT size, root FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", [self._origin]
        ).fetchone()
        return Checkpoint(self._origin, row[0], row[1]) if row else None

    def other(self, checkpoint: Checkpoint) -> Note | None:
        """Return the cosigned checkpoint of the same size with another root, where there is one."""
        row = self._database.execute(
            "SELECT note FROM cosigned WHERE origin = ? AND size = ? AND root != ?",
            [self._origin, checkpoint.size, checkpoint.root],
        ).fetchone()
        return parse_note(row[0].encode()) if row else None

    def store(self, checkpoint: Checkpoint, note: Note) -> None:
        """Remember a cosigned checkpoint; it is on the disk for good when the turn ends."""
        self._database.execute(
            "INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?)",
            [self._origin, checkpoint.size, checkpoint.root, str(note)],
        )
        self._database.execute(
            "DELETE FROM cosigned WHERE origin = ? AND size < (SELECT size FROM cosigned WHERE origin = ? "
            "ORDER BY size DESC LIMIT 1 OFFSET ?)",
            [self._origin, self._origin, KEPT - 1],
        )


class Memory:
    """The file; several processes and threads may use it at once."""

    def __init__(self, path: Path) -> None:
        """Open the memory, or make it. Raises EvidenceError if it cannot be used."""
        self._path = path
        is_new = not path.exists()
        with self._open() as database:
            database.execute(_TABLE)
        if is_new:
            sync_folder(path.parent)

    @contextmanager
    def turn(self, origin: str) -> Iterator[Turn]:
        """Give the only turn for now: what is stored in it is durable when it ends, or not there if it raises.

        Raises EvidenceError if no turn came, or the memory cannot be written.
        """
        with self._open() as database:
            # IMMEDIATE takes the lock before the first read: no other request can be between its read and its write.
            database.execute("BEGIN IMMEDIATE")
            try:
                yield Turn(database, origin)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def note(self, origin_hash: str, origins: dict[str, str]) -> bytes | None:
        """Return the latest cosigned checkpoint of the log whose origin has this SHA-256 in hex, None if none."""
        if origin_hash not in origins:
            return None
        with self._open() as database:
            row = database.execute(
                "SELECT note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", [origins[origin_hash]]
            ).fetchone()
        return row[0].encode() if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
                # EXTRA also syncs the folder after the journal is deleted: a commit survives a power cut.
                database.execute("PRAGMA synchronous = EXTRA")
                yield database
        except sqlite3.Error as problem:
            raise EvidenceError(f"{self._path}: the witness's memory cannot be used: {problem}") from problem
