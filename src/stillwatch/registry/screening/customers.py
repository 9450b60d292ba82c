"""Customers to be screened: one record each, from a CSV or JSON-lines file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch.errors import RegistryError
from stillwatch.evidence.canonical import canonical
from stillwatch.registry.forms import from_json, to_json
from stillwatch.registry.nouns import Kind

LISTS = frozenset({"aliases", "domains", "owners"})
"""Fields with several values; in a CSV they are apart by semicolons."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is screened. ``customer`` is the host's own reference; ``owners`` are names of those behind it.

    ``email_domain`` counts as a domain. Without ``kind`` it is taken for a legal entity of any form.
    """

    customer: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.LEGAL_ENTITY
    country: str = ""
    city: str = ""
    lei: str = ""
    uscc: str = ""
    registration_number: str = ""
    domains: tuple[str, ...] = ()
    email_domain: str = ""
    owners: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is known of it, in hex: another digest means screen again."""
        return sha256(canonical(to_json(self))).hexdigest()


def read_customers(path: Path) -> list[Customer]:
    """Read a file of customers (.csv, .jsonl). Raises RegistryError, with the line, for one that does not fit."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as problem:
        raise RegistryError(f"{path}: cannot be read: {problem}") from problem
    if path.suffix == ".csv":
        rows: list[Any] = list(csv.DictReader(io.StringIO(text, newline="")))
        found = [_row(row, f"{path}:{number}") for number, row in enumerate(rows, 2)]
    elif path.suffix == ".jsonl":
        found = [_line(line, f"{path}:{number}") for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    else:
        raise RegistryError(f"{path}: choose a file that ends in .csv or .jsonl")
    seen: dict[str, int] = {}
    for number, one in enumerate(found):
        if one.customer in seen:
            raise RegistryError(f"{path}: customer {one.customer!r} is there twice; each needs a reference of its own")
        seen[one.customer] = number
    return found


def _line(line: str, where: str) -> Customer:
    try:
        said = json.loads(line)
    except ValueError as problem:
        raise RegistryError(f"{where}: not JSON: {problem}") from None
    return from_json(Customer, said, where=where)


def _row(row: dict[Any, Any], where: str) -> Customer:
    if None in row or None in row.values():
        raise RegistryError(f"{where}: more or fewer cells than the first line has columns")
    said = {name: _cells(name, value) for name, value in row.items() if value.strip()}
    return from_json(Customer, said, where=where)


def _cells(name: str, value: str) -> Any:
    return [cell.strip() for cell in value.split(";") if cell.strip()] if name in LISTS else value.strip()
