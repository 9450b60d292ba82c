"""The register read back from its log: every entry with its leaves, each opened, or erased for good."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stillwatch.errors import NotInRegisterError, RegistryError
from stillwatch.evidence.commitments import Value
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.vault import Vault
from stillwatch.registry.actors import Place, check_signature
from stillwatch.registry.changes import Erase, Signed, read_signed
from stillwatch.registry.fold import apply
from stillwatch.registry.nouns import Entry

KIND = "register"
"""Of the log's entries that are changes of a register."""
FIELD = "note"
"""The private field that holds a change."""
MARKER = b'"kind":"register"'


@dataclass(frozen=True, slots=True)
class Leaf:
    """One change in the log: its index, its bytes, and what it says; None once it was erased."""

    index: int
    raw: bytes
    signed: Signed | None
    seed: bytes = b""
    private: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """An entry with its whole history; ``entry`` is None where that was erased and only a tombstone is left."""

    name: str
    entry: Entry | None
    leaves: tuple[Leaf, ...]

    @property
    def last(self) -> Signed:
        """The last change; it is never erased."""
        signed = self.leaves[-1].signed
        if signed is None:
            raise RegistryError(f"{self.name}: its last change cannot be opened; bring the vault back from a copy")
        return signed

    @property
    def is_public(self) -> bool:
        """Whether it was published; what was erased is shown as a tombstone that names nobody."""
        if self.entry is None:
            return isinstance(self.last.change, Erase) and self.last.change.was_public
        return self.entry.is_public


def read_records(reader: LogReader, vault: Vault) -> dict[str, Record]:
    """Read a register's entries, by name in the order in which they were drafted.

    Raises RegistryError for a log whose changes break the register's own rules, or cannot be opened.
    """
    opened = {index: (seed, fields) for index, seed, fields in vault.every()}
    leaves: dict[str, list[Leaf]] = {}
    for index, raw in reader.find([MARKER]):
        said = json.loads(raw)
        if said.get("kind") != KIND:
            continue
        mine = leaves.setdefault(said["entry"], [])
        if said["step"] != len(mine) + 1:
            raise RegistryError(f"entry {index} of the log: step {said['step']} of {said['entry']}, after {len(mine)}")
        mine.append(open_leaf(index, raw, opened.get(index)))
    return {name: read_record(name, found, register=reader.checkpoint.origin) for name, found in leaves.items()}


def read_record(name: str, leaves: Iterable[Leaf], *, register: str) -> Record:
    """Fold the leaves of an entry. Raises RegistryError if one may not follow the one before it, or is forged.

    ``register`` is the log's origin, for which changes are signed.
    """
    found = tuple(leaves)
    _check_signatures(name, found, register)
    if found[0].signed is None:
        return _tombstone(name, found)
    entry: Entry | None = None
    for leaf in found:
        if leaf.signed is None:
            raise RegistryError(f"{name}: entry {leaf.index} of the log cannot be opened; bring the vault back")
        try:
            entry = apply(entry, name, leaf.signed)
        except RegistryError as problem:
            raise RegistryError(f"{name}: entry {leaf.index} of the log: {problem}") from None
    return Record(name, entry, found)


def find_record(records: Mapping[str, Record], name: str) -> Record:
    """Return a record by its name. Raises NotInRegisterError."""
    if name not in records:
        raise NotInRegisterError(f"no entry is called {name!r}; see: stillwatch register list")
    return records[name]


def open_leaf(index: int, raw: bytes, opened: tuple[bytes, Mapping[str, Value]] | None) -> Leaf:
    """Return a leaf with what its change says, None where nothing opens it. Raises RegistryError if it says nothing."""
    if opened is None:
        return Leaf(index, raw, None)
    seed, fields = opened
    return Leaf(index, raw, read_signed(str(fields[FIELD]), where=f"entry {index} of the log"), seed, fields)


def _check_signatures(name: str, leaves: tuple[Leaf, ...], register: str) -> None:
    before: bytes | None = None
    for leaf in leaves:
        if leaf.signed and (leaf.signed.key or leaf.signed.signature):
            try:
                check_signature(leaf.signed, Place(register, name, before))
            except RegistryError as problem:
                raise RegistryError(f"entry {leaf.index} of the log: {problem}") from None
        before = leaf.raw


def _tombstone(name: str, leaves: tuple[Leaf, ...]) -> Record:
    last = leaves[-1].signed
    if last is None or not isinstance(last.change, Erase) or any(leaf.signed for leaf in leaves[:-1]):
        raise RegistryError(f"{name}: changes cannot be opened that were not erased; bring the vault back from a copy")
    return Record(name, None, leaves)
