"""Which log entries are the campaign's: the report's calls found again in the vault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.errors import EvidenceError
from stillwatch.evidence.vault import Vault

Ints = NDArray[np.int64]
KeyCalls = Callable[[pa.Array | pa.ChunkedArray], Ints]
"""Keys call ids as the scan did: strings to int64."""


@dataclass(frozen=True)
class Counted:
    """The completed calls of a campaign that are in the log, by ascending index."""

    rows: pa.Table
    """``index``, ``account``, ``call_id``."""
    reported: int
    """How many the report counts."""

    @property
    def indices(self) -> list[int]:
        """The entries' indices."""
        found: list[int] = self.rows["index"].to_pylist()
        return found

    @property
    def missing(self) -> int:
        """Calls of the report that were never logged, were logged after the checkpoint, or have been erased."""
        return self.reported - len(self.rows)


def read_counted_calls(report: Path, campaign: str) -> Ints:
    """Return the keyed ids of a campaign's completed calls, ascending. Raises EvidenceError if the report has none."""
    path = report / "campaign_calls.parquet"
    try:
        table = pq.read_table(path, filters=[("campaign", "==", campaign), ("completed", "==", True)])
    except (OSError, pa.ArrowInvalid) as problem:
        raise EvidenceError(f"{path}: cannot be read ({problem}); scan again with this version") from None
    if not len(table):
        raise EvidenceError(f"{path}: has no completed call of {campaign}")
    return np.unique(table["call"].to_numpy())


def find_counted(vault: Vault, wanted: Ints, key_calls: KeyCalls, *, size: int) -> Counted:
    """Find those calls among the first ``size`` entries; a call that was logged twice counts once, where it is first.

    Raises EvidenceError if none of them is there.
    """
    found = []
    for path in vault.files():
        table = pq.read_table(path, columns=["index", "account", "call_id"])
        table = table.filter(pc.and_(pc.is_valid(table["call_id"]), pc.less(table["index"], size)))
        keys = key_calls(table["call_id"])
        at = np.searchsorted(wanted, keys).clip(0, len(wanted) - 1)
        mine = wanted[at] == keys
        if mine.any():
            found.append(table.filter(pa.array(mine)).append_column("call", pa.array(keys[mine])))
    if not found:
        raise EvidenceError("none of the campaign's calls is in the log; append the scanned call log first")
    rows = pa.concat_tables(found).sort_by("index")
    _, first = np.unique(rows["call"].to_numpy(), return_index=True)
    return Counted(rows.take(pa.array(np.sort(first))).drop_columns("call"), len(wanted))


def read_campaign(report: Path, campaign: str) -> dict[str, Any]:
    """Return a campaign's entry in ``campaigns.json``. Raises EvidenceError if there is none of that name."""
    listed = read_json(report / "campaigns.json")
    for entry in listed:
        if entry["campaign"] == campaign:
            return dict(entry)
    names = ", ".join(entry["campaign"] for entry in listed[:10]) or "none"
    raise EvidenceError(f"{report}: no campaign is called {campaign}; there are: {names}")


def read_json(path: Path) -> Any:
    """Read a JSON file of a report. Raises EvidenceError if it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise EvidenceError(f"{path}: not a report's file: {problem}") from None
