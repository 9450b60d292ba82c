"""What was screened before, and who was cleared by whom for how long: so that a changed list asks only what is new.

FOLDER/screened.jsonl     the last result of each customer, with the state of the list; replaced whole
FOLDER/whitelist.jsonl    who was found not to be a listed party; only appended to
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stillwatch.errors import RegistryError
from stillwatch.evidence.files import write_whole
from stillwatch.registry.forms import from_json, to_json
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.screen import Screened

MAX_WHITELIST_DAYS = 365
"""As long as an entry stands without new evidence."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A customer that is not the party of an entry. It holds until ``expires_at`` or until the entry changes.

    ``steps`` is the entry's when it was looked at: any change of it, new evidence above all, is a reason to look again.
    """

    customer: str
    entry: str
    steps: int
    by: str
    reason: str
    at: int
    expires_at: int

    def holds(self, *, steps: int, now: int) -> bool:
        """Answer whether it still holds."""
        return now < self.expires_at and steps == self.steps


@dataclass(frozen=True, slots=True)
class Change:
    """What a new state of the list changed for a customer."""

    customer: str
    appeared: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]


class Memory:
    """The folder's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def customers(self) -> list[tuple[Customer, dict[str, Any]]]:
        """Return the customers that were screened, each with its last result. Raises RegistryError."""
        return [(from_json(Customer, row["customer"], where=str(self.folder)), row["result"]) for row in self._rows()]

    def size(self) -> int:
        """Return the size of the list's log at the last screening; 0 before there was one."""
        rows = self._rows()
        return int(rows[0]["list_size"]) if rows else 0

    def remember(self, screened: Iterable[tuple[Customer, Screened]], *, list_size: int) -> None:
        """Replace the results of these customers, and note the state of the list for all."""
        kept = {row["customer"]["customer"]: row for row in self._rows()}
        for customer, result in screened:
            kept[customer.customer] = {"customer": to_json(customer), "result": result.to_json()}
        lines = [json.dumps({**row, "list_size": list_size}, ensure_ascii=False) for row in kept.values()]
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.folder / "screened.jsonl", "".join(f"{line}\n" for line in lines).encode(), durable=True)
        (self.folder / "screened.jsonl").chmod(0o600)

    def clear(self, cleared: Cleared) -> None:
        """Note that a customer is not the party of an entry. Raises RegistryError for a term that is too long."""
        if not 0 < cleared.expires_at - cleared.at <= MAX_WHITELIST_DAYS * 86_400:
            raise RegistryError(f"whitelist: it must end within {MAX_WHITELIST_DAYS} days")
        if not cleared.reason.strip():
            raise RegistryError("whitelist: say why it is somebody else")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.folder / "whitelist.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(to_json(cleared), ensure_ascii=False) + "\n")

    def whitelist(self) -> list[Cleared]:
        """Return everything that was ever cleared, the oldest first. Raises RegistryError for a damaged line."""
        rows = _read(self.folder / "whitelist.jsonl")
        return [
            from_json(Cleared, row, where=f"{self.folder / 'whitelist.jsonl'}:{n}") for n, row in enumerate(rows, 1)
        ]

    def _rows(self) -> list[dict[str, Any]]:
        return _read(self.folder / "screened.jsonl")


def without_cleared(screened: Screened, cleared: Sequence[Cleared], *, now: int) -> Screened:
    """Leave out the hits of which this customer was cleared, as long as that holds."""
    mine = [one for one in cleared if one.customer == screened.customer]
    kept = [h for h in screened.hits if not any(c.entry == h.entry and c.holds(steps=h.steps, now=now) for c in mine)]
    return replace(screened, hits=tuple(kept))


def compare(before: dict[str, Any] | None, after: Screened) -> Change:
    """Say what changed for a customer since its last result."""
    old = {hit["entry"]: (hit["status"], hit["level"], hit["steps"]) for hit in (before or {"hits": []})["hits"]}
    new = {hit.entry: (hit.status, hit.level, hit.steps) for hit in after.hits}
    changed = tuple(entry for entry in new if entry in old and old[entry] != new[entry])
    return Change(after.customer, tuple(new.keys() - old.keys()), tuple(old.keys() - new.keys()), changed)


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as problem:
        raise RegistryError(f"{path}: cannot be read: {problem}; restore it from a copy") from problem
