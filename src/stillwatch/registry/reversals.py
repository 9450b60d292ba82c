"""What a register took back: the evidence that an entry no longer rests on, read from the entry's public file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stillwatch.errors import RegistryError
from stillwatch.evidence import verify
from stillwatch.registry.changes import AddEvidence, Decide, read_signed
from stillwatch.registry.nouns import Evidence
from stillwatch.registry.records import FIELD, Leaf, Record, read_record
from stillwatch.registry.statuses import Status
from stillwatch.registry.verify_register import Checked


def read_entry_file(path: Path, policy: Path) -> Record:
    """Verify an entry's file as a stranger does, under the log keys of a tlog-policy, and return its record.

    Raises RegistryError for one that does not hold.
    """
    try:
        data = path.read_bytes()
        Checked(data, verify.Policy(policy.read_text("utf-8"), str(policy)), seen=None, actors=None)
        return open_entry_file(json.loads(data))
    except (verify.Refused, *verify.BROKEN) as problem:
        raise RegistryError(f"{path}: the entry does not hold: {problem}; nothing follows from it") from None


def open_entry_file(said: Mapping[str, object]) -> Record:
    """Return the record that a verified file opens."""
    leaves = said["leaves"]
    assert isinstance(leaves, Iterable)  # noqa: S101 - it was verified
    return read_record(str(said["entry"]), (_leaf(leaf) for leaf in leaves), register=str(said["origin"]))


def find_reversed(record: Record) -> list[Evidence]:
    """Return the evidence that the register took back: all of a withdrawn entry, the struck pieces of a corrected one.

    Raises RegistryError for an entry that was erased: it says no longer what it rested on.
    """
    if record.entry is None:
        raise RegistryError(f"{record.name}: it was erased, and no longer says what it rested on")
    changes = [leaf.signed.change for leaf in record.leaves if leaf.signed]
    pieces = [change.evidence for change in changes if isinstance(change, AddEvidence)]
    if record.entry.status is Status.WITHDRAWN:
        return pieces
    struck = {bundle for change in changes if isinstance(change, Decide) for bundle in change.struck}
    return [piece for piece in pieces if piece.bundle in struck]


def _leaf(leaf: Mapping[str, object]) -> Leaf:
    index, raw = int(str(leaf["index"])), str(leaf["leaf"]).encode()
    if leaf.get("erased"):
        return Leaf(index, raw, None)
    fields = verify.check_opening(dict(leaf), raw, set())
    return Leaf(index, raw, read_signed(str(fields[FIELD]), where=f"entry {index} of the log"))
