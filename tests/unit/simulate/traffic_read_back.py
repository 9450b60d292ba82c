from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


class Composed:
    """A composed scenario, read back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[dict[str, Any]] = pq.read_table(folder / "calls.parquet").to_pylist()
        self.accounts = {r["account"]: r for r in pq.read_table(folder / "accounts.parquet").to_pylist()}
        self.truth = {r["account"]: r for r in pq.read_table(folder / "truth.parquet").to_pylist()}
        planted = pq.read_table(folder / "truth_calls.parquet").to_pylist()
        self.planted: dict[str, str] = {r["call_id"]: r["campaign"] for r in planted}

    def of(self, label: str) -> list[dict[str, Any]]:
        return [c for c in self.calls if self.truth[c["account"]]["label"] == label]

    def members(self, label: str) -> set[str]:
        return {a for a, r in self.truth.items() if r["label"] == label}

    @property
    def attack(self) -> list[dict[str, Any]]:
        return [c for c in self.calls if c["call_id"] in self.planted]
