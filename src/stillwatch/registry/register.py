"""A register: its own evidence log, written one change at a time, and read back from nothing else.

FOLDER/log, FOLDER/vault    as of every evidence log (``evidence.book``); a change is a leaf that commits to it
FOLDER/key                  keys the vault; it protects nothing that the vault does not hold
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from stillwatch.errors import RegistryError
from stillwatch.evidence.book import Book
from stillwatch.evidence.events import Event
from stillwatch.evidence.opened import OpenedLog, open_log
from stillwatch.registry.actors import Actor, Place
from stillwatch.registry.changes import Change, Draft, Erase, Expire, Signed
from stillwatch.registry.fold import apply
from stillwatch.registry.nouns import Entry
from stillwatch.registry.records import FIELD, KIND, Record, find_record, open_leaf, read_record, read_records
from stillwatch.registry.statuses import STANDING
from stillwatch.settings import EvidenceSettings

FOLDER = Path(".stillwatch/register")
Who = Actor | str
NAME_BYTES = 6
"""Random, so that a name says nothing; 48 bits do not meet by chance among thousands (birthday bound: 2**24)."""


class Register:
    """The writer. Use it as a context manager; a second one on the same folder is refused while it is open."""

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        clock: Callable[[], float],
        origin: str = "",
        passphrase_file: Path | None = None,
        typed_names: bool = False,
        names: Callable[[], str] = lambda: f"R-{secrets.token_hex(NAME_BYTES)}",
    ) -> None:
        """Open the register, or begin it. ``origin`` names a new one, best its site's URL without scheme.

        ``typed_names`` takes a plain name for who makes a change, which proves nothing: for fictional registers.

        Raises EvidenceError as ``Book`` does, RegistryError for a log that breaks the register's rules.
        """
        self._clock, self._names, self._typed_names = clock, names, typed_names
        settings = EvidenceSettings(folder, origin=origin, passphrase_file=passphrase_file, key_file=folder / "key")
        self._book = Book(settings, clock=clock)
        try:
            self.records = self._read()
            self._finish_erasures()
        except BaseException:
            self._book.close()
            raise

    @property
    def origin(self) -> str:
        """The name of the register's log."""
        return self._book.keys.origin

    @property
    def size(self) -> int:
        """Entries of the log."""
        return self._book.log.size

    def draft(self, change: Draft, *, by: Who) -> Record:
        """Begin an entry. Raises RegistryError if it may not be, or follows one that has not ended."""
        if change.follows:
            earlier = find_record(self.records, change.follows).entry
            if earlier is not None and earlier.status in STANDING:
                raise RegistryError(f"{change.follows} still stands; add evidence to it instead of a second entry")
        return self._append(None, self._names(), change, by=by)

    def make(self, name: str, change: Change, *, by: Who) -> Record:
        """Make a change to an entry. Raises NotInRegisterError, or RegistryError for one that may not be made."""
        record = find_record(self.records, name)
        if record.entry is None:
            raise RegistryError(f"{name}: it was erased; nothing can be done with it any more")
        if isinstance(change, Erase):
            return self._erase(record.entry, change, by=by)
        return self._append(record.entry, name, change, by=by)

    def expire_due(self, *, by: Who) -> list[Record]:
        """Write down every entry whose time is over; return those."""
        now = int(self._clock())
        over = [r.entry for r in self.records.values() if r.entry and r.entry.status_at(now) is not r.entry.status]
        return [self._append(entry, entry.entry, Expire(), by=by) for entry in over]

    def _erase(self, entry: Entry, change: Erase, *, by: Who) -> Record:
        # 1. Log the tombstone.        A crash here: the next start goes on with step 2.
        self._append(entry, entry.entry, replace(change, was_public=entry.is_public), by=by)
        # 2. Destroy what opens the rest.
        self._finish_erasures()
        return self.records[entry.entry]

    def _finish_erasures(self) -> None:
        wanted = [
            leaf.index
            for record in self.records.values()
            if record.entry is not None and record.entry.is_erased
            for leaf in record.leaves[:-1]
        ]
        if wanted:
            self._book.erase(wanted, reason="the register's entry became a tombstone; see its last change")
            self.records = self._read()

    def _append(self, entry: Entry | None, name: str, change: Change, *, by: Who) -> Record:
        before = self.records[name].leaves if entry else ()
        signed = self._signed(change, by, Place(self.origin, name, before[-1].raw if before else None))
        made = apply(entry, name, signed)
        event = Event(KIND, {"entry": name, "step": made.steps}, {FIELD: signed.text()})
        index = self._book.append_events([event])
        assert index is not None  # noqa: S101 - an event without ``once`` is always new
        # Read back: what the register says is what its log says.
        ((_, seed, fields),) = self._book.vault.read([index])
        leaf = open_leaf(index, self._book.log.reader().entry(index), (seed, fields))
        self.records[name] = read_record(name, (*before, leaf), register=self.origin)
        return self.records[name]

    def _signed(self, change: Change, by: Who, place: Place) -> Signed:
        at = int(self._clock())
        if isinstance(by, Actor):
            return by.sign(Signed(at, by.name, change), place)
        if not self._typed_names:
            raise RegistryError(f"{change.step}: {by!r} is a name without a key; changes are signed by who makes them")
        return Signed(at, by, change)

    def _read(self) -> dict[str, Record]:
        return read_records(self._book.log.reader(), self._book.vault)

    def close(self) -> None:
        """Let another writer in."""
        self._book.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class OpenedRegister:
    """A register opened to read, under one checkpoint, while others may write."""

    log: OpenedLog
    records: Mapping[str, Record]

    @property
    def public(self) -> list[Record]:
        """The records that were published, in the order in which they were drafted."""
        return [record for record in self.records.values() if record.is_public]


def open_register(folder: Path = FOLDER) -> OpenedRegister:
    """Open a register to read. Raises EvidenceError if there is none, RegistryError if its log breaks its rules."""
    log = open_log(folder)
    return OpenedRegister(log, read_records(log.reader, log.vault))
