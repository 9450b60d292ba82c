"""Composed logs, scans of them, and what their reports say: shared by the tests of ``scan``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.app import scan
from stillwatch.settings import ScanSettings

NOW = datetime(2026, 7, 1, tzinfo=UTC)
"""After every composed log's last call."""
KEY = bytes(range(32))


@dataclass(frozen=True)
class Traffic:
    """A composed log with its truth."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "calls.parquet"

    @property
    def accounts(self) -> Path:
        return self.folder / "accounts.parquet"

    def calls(self) -> pa.Table:
        return pq.read_table(self.log)

    def account_table(self) -> pa.Table:
        return pq.read_table(self.accounts)

    def truth(self) -> pa.Table:
        return pq.read_table(self.folder / "truth.parquet")

    def members(self) -> set[str]:
        truth = self.truth()
        return set(truth.filter(truth["campaign"].is_valid())["account"].to_pylist())


@dataclass(frozen=True)
class Report:
    """A report's folder, read back."""

    folder: Path

    def raw(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def json(self, name: str) -> Any:
        return json.loads(self.raw(name))

    @property
    def campaigns(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.json("campaigns.json")
        return listed

    @property
    def scan(self) -> dict[str, Any]:
        said: dict[str, Any] = self.json("scan.json")
        return said

    def rejects(self) -> dict[str, int]:
        return {r["kind"]: r["count"] for r in self.scan["rejects"]}

    def members(self) -> pa.Table:
        return pq.read_table(self.folder / "members.parquet")

    def member_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.members().to_pylist()
        return [r for r in rows if r["campaign"] is not None]

    def accused(self) -> set[str]:
        return {r["account"] for r in self.member_rows()}


@dataclass
class Scanner:
    """Scans into numbered folders of its own, all with one key."""

    folder: Path
    scans: int = 0

    def __post_init__(self) -> None:
        self.key = self.folder / "key"
        self.key.write_bytes(KEY)
        self.key.chmod(0o600)

    def __call__(self, *logs: Path | str, accounts: Path | None = None, **settings: Any) -> Report:
        self.scans += 1
        out = self.folder / f"report-{self.scans}"
        made = ScanSettings(**{"key_file": self.key, **settings})
        scan(logs, out=out, settings=made, accounts=accounts, now=NOW)
        return Report(out)

    def tables(self, calls: pa.Table, accounts: pa.Table | None = None, **settings: Any) -> Report:
        """Scan tables, written to Parquet first."""
        made = self.folder / f"input-{self.scans}"
        made.mkdir()
        pq.write_table(calls, made / "calls.parquet")
        if accounts is not None:
            pq.write_table(accounts, made / "accounts.parquet")
        return self(
            made / "calls.parquet", accounts=None if accounts is None else made / "accounts.parquet", **settings
        )


def replace_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Return the table with other values in one column, of the same type."""
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))


def only(table: pa.Table, accounts: set[str], *, keep: bool = True) -> pa.Table:
    """Return the rows of these accounts, or (``keep`` false) of all others."""
    inside = [(name in accounts) is keep for name in table["account"].to_pylist()]
    return table.filter(pa.array(inside))
