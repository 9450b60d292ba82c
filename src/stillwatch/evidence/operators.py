"""Who runs the witnesses of a policy, and which time-stamp authorities are asked: ``operators.toml``, ours, not C2SP's.

[witness.NAME]            NAME as in the policy
run_by = "us"             "us", or in words who does

[timestamps.NAME]         NAME of letters, digits and -
url = "https://…"
roots = "roots.pem"       certificates that its answers must lead to; beside this file
run_by = "Example Ltd"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.quorum import OURS

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamp authority (RFC 3161); ``roots`` is a PEM file."""

    name: str
    url: str
    roots: Path
    run_by: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the log's own operator runs it: its time then proves nothing to anybody else."""
        return self.run_by == OURS


@dataclass(frozen=True, slots=True)
class Operators:
    """What the file says."""

    witnesses: Mapping[str, str] = field(default_factory=dict)
    authorities: tuple[Authority, ...] = ()


def read_operators(path: Path) -> Operators:
    """Read the file. Raises EvidenceError, with the table, for anything it must not hold."""
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise EvidenceError(f"{path}: cannot be read: {problem}") from problem
    if unknown := set(tables) - {"witness", "timestamps"}:
        raise EvidenceError(f"{path}: [{min(unknown)}]: no such table; it has [witness.NAME] and [timestamps.NAME]")
    witnesses = {
        name: _texts(table, required={"run_by"}, where=f"{path}: [witness.{name}]")["run_by"]
        for name, table in _named(tables.get("witness", {}), f"{path}: [witness]")
    }
    authorities = tuple(
        _authority(name, table, path) for name, table in _named(tables.get("timestamps", {}), f"{path}: [timestamps]")
    )
    return Operators(witnesses, authorities)


def _authority(name: str, table: Any, path: Path) -> Authority:
    where = f"{path}: [timestamps.{name}]"
    if not _NAME.fullmatch(name):
        raise EvidenceError(f"{where}: a name has 1 to 64 letters, digits and -")
    texts = _texts(table, required={"url", "roots"}, optional={"run_by"}, where=where)
    return Authority(name, texts["url"], path.parent / texts["roots"], texts.get("run_by"))


def _named(tables: Any, where: str) -> list[tuple[str, Any]]:
    if not isinstance(tables, dict):
        raise EvidenceError(f"{where}: not a table of tables")
    return list(tables.items())


def _texts(
    table: Any, *, required: set[str], optional: frozenset[str] | set[str] = frozenset(), where: str
) -> dict[str, str]:
    if not isinstance(table, dict):
        raise EvidenceError(f"{where}: not a table")
    if unknown := set(table) - required - optional:
        raise EvidenceError(f"{where}: no such setting: {min(unknown)}")
    if missing := required - set(table):
        raise EvidenceError(f"{where}: {min(missing)} is missing")
    if wrong := [key for key, value in table.items() if not isinstance(value, str) or not value]:
        raise EvidenceError(f"{where}: {wrong[0]} is not a text")
    return table
