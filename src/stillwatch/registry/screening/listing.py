"""The list that is screened against: the standing entries of a register or of a site, and which state of it that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stillwatch.errors import RegistryError
from stillwatch.evidence import verify
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.notes import parse_note
from stillwatch.registry.nouns import Entity
from stillwatch.registry.records import Record
from stillwatch.registry.register import open_register
from stillwatch.registry.reversals import open_entry_file
from stillwatch.registry.screening.scripts import fold
from stillwatch.registry.verify_register import check_site


@dataclass(frozen=True, slots=True)
class Listed:
    """A party on the list. ``steps`` grows with every change of its entry."""

    entry: str
    entity: Entity
    status: str
    answer: str
    steps: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in one state: the checkpoint proves which."""

    checkpoint: str
    parties: tuple[Listed, ...]

    @property
    def state(self) -> Checkpoint:
        """Origin, size and root of the register's log."""
        return Checkpoint.parse(parse_note(self.checkpoint.encode()).text)


def read_listing(
    folder: Path, *, now: int, policy: Path | None = None, aliases: Mapping[str, tuple[str, ...]] | None = None
) -> Listing:
    """Read the standing entries of a register's folder, or of a site's, which is verified whole first.

    ``policy``: the log keys that are trusted, for a site. ``aliases`` (``read_aliases``) adds names of brands. Raises
    RegistryError for a site that does not hold, EvidenceError for a folder that is neither.
    """
    if (folder / "entries").is_dir():
        checkpoint, records = _read_site(folder, now=now, policy=policy)
    else:
        opened = open_register(folder)
        checkpoint, records = opened.log.note, list(opened.public)
    parties = tuple(_listed(record, now, aliases or {}) for record in records if _stands(record, now))
    return Listing(checkpoint, parties)


def read_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """Read an alias table: one line a party, its names apart by tabs or ``|``; # begins a comment.

    Returns for each folded name all names of its line. Raises RegistryError for a line with less than two names.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as problem:
        raise RegistryError(f"{path}: cannot be read: {problem}") from problem
    table: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        names = tuple(n.strip() for n in line.partition("#")[0].replace("\t", "|").split("|") if n.strip())
        if len(names) == 1:
            raise RegistryError(f"{path}:{number}: one name alone is no alias; write NAME | OTHER NAME")
        for name in names:
            table[fold(name)] = table.get(fold(name), ()) + names
    return table


def _stands(record: Record, now: int) -> bool:
    return record.entry is not None and record.entry.is_public and not record.entry.is_tombstone_at(now)


def _listed(record: Record, now: int, aliases: Mapping[str, tuple[str, ...]]) -> Listed:
    entry = record.entry
    if entry is None:
        raise RegistryError(f"{record.name}: it was erased")
    known = (entry.entity.name, *entry.entity.aliases, *entry.entity.weak_aliases)
    more = [other for name in known for other in aliases.get(fold(name), ()) if other not in known]
    entity = replace(entry.entity, aliases=(*entry.entity.aliases, *dict.fromkeys(more)))
    return Listed(record.name, entity, entry.status_at(now).value, entry.answer_at(now), entry.steps)


def _read_site(site: Path, *, now: int, policy: Path | None) -> tuple[str, list[Record]]:
    try:
        where = policy or site / "policy.txt"
        check_site(site, verify.Policy(where.read_text("utf-8"), str(where)), seen=None, actors=None, now=now)
        files = sorted((site / "entries").glob("*.json"))
        records = [open_entry_file(json.loads(path.read_bytes())) for path in files]
    except (verify.Refused, *verify.BROKEN) as problem:
        raise RegistryError(f"{site}: the site does not hold: {problem}; nobody was screened against it") from None
    return (site / "checkpoint").read_text("utf-8"), records
