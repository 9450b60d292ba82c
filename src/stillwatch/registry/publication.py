"""What is published: a register under one checkpoint, at one time, with what its publisher says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.registry.nouns import Entry
from stillwatch.registry.records import Record
from stillwatch.registry.register import OpenedRegister


@dataclass(frozen=True, slots=True)
class About:
    """What the publisher says: ``contact`` is where answers and appeals go, ``url`` where the site will be.

    ``fictional`` puts a banner on every page and a mark into every machine form: nobody in it exists.
    """

    title: str
    contact: str
    url: str = ""
    fictional: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """A register as it is published at ``now`` (seconds since 1970)."""

    opened: OpenedRegister
    about: About
    now: int

    @property
    def origin(self) -> str:
        """The name of the register's log."""
        return self.opened.log.keys.origin

    @property
    def size(self) -> int:
        """Entries of the log."""
        return self.opened.log.reader.checkpoint.size

    @property
    def checkpoint(self) -> str:
        """The signed checkpoint, with the cosignatures that it has got."""
        log = self.opened.log
        kept = CosignedCheckpoints(log.folder / "witness").note(log.reader.checkpoint)
        return log.note if kept is None else str(kept)

    @property
    def records(self) -> list[Record]:
        """The public records, in the order in which they were drafted."""
        return self.opened.public

    @property
    def entries(self) -> list[Entry]:
        """The public entries that were not erased."""
        return [record.entry for record in self.records if record.entry is not None]

    def link(self, path: str) -> str:
        """Return the address of a file of the site; only its path where the site's address is not known."""
        return f"{self.about.url.rstrip('/')}/{path}" if self.about.url else path
