"""A million keys in memory: packed columns, what changed since on top, and the keys in use at hand.

Immutable but for the cache of keys in use: whoever refreshes makes a new one and swaps it in.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.gateway.directory.credential import ALPHABET, HASH_BYTES, PREFIX, SALT_BYTES
from stillwatch.gateway.directory.feed import KeyRow
from stillwatch.gateway.directory.tables import MICROSECONDS
from stillwatch.gateway.nouns import Caller

MAX_HOT = 65_536
"""Keys in use that are kept unpacked, about 0.7 KB each; when there are more, all are forgotten and come back."""

_AS_BASE_32 = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_COLUMNS = pa.schema(
    [
        ("number", pa.uint64()),
        ("salt", pa.binary(SALT_BYTES)),
        ("hash", pa.binary(HASH_BYTES)),
        ("expires_at", pa.int64()),
        ("account", pa.large_string()),
        ("organization", pa.large_string()),
        ("plan", pa.dictionary(pa.int32(), pa.string())),
        ("verification", pa.dictionary(pa.int32(), pa.string())),
        ("created_at", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a credential is checked against, and whom it names."""

    salt: bytes
    hash: bytes = field(repr=False)
    expires_at: float
    """Seconds since 1970; infinity: never."""
    caller: Caller | None


class PackedKeys:
    """Keys in sorted columns, about 130 bytes each with short names."""

    def __init__(self, batches: Iterable[Sequence[KeyRow]]) -> None:
        table = pa.Table.from_batches([_pack(rows) for rows in batches if rows], schema=_COLUMNS)
        numbers = table["number"].to_numpy()
        order = np.argsort(numbers)
        self._numbers = array("Q", numbers[order].tobytes())
        rows = table.drop_columns("number").unify_dictionaries().combine_chunks().take(pa.array(order))
        self._columns = {name: rows[name].combine_chunks() for name in rows.column_names}
        # What sorting needed goes back to the system: otherwise a worker keeps three times what it uses.
        del table, rows, numbers, order
        pa.default_memory_pool().release_unused()

    def __len__(self) -> int:
        return len(self._numbers)

    def find(self, key_id: str) -> Entry | None:
        """Return the entry of an id, or None."""
        number = _number(key_id)
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            return None
        return make_entry(key_id, {name: column[at].as_py() for name, column in self._columns.items()})


class Snapshot:
    """Packed keys and what changed since; ``changed`` holds None for what opens nothing any more."""

    def __init__(
        self,
        packed: PackedKeys,
        changed: Mapping[str, Entry | None] | None = None,
        hot: dict[str, Entry] | None = None,
    ) -> None:
        self.packed, self.changed = packed, changed or {}
        self._hot = {} if hot is None else hot

    def find(self, key_id: str) -> Entry | None:
        """Return the entry of an id, or None if it is unknown or revoked."""
        if key_id in self.changed:
            return self.changed[key_id]
        entry = self._hot.get(key_id)
        if entry is None:
            entry = self.packed.find(key_id)
            if entry is not None:
                if len(self._hot) >= MAX_HOT:
                    self._hot.clear()
                self._hot[key_id] = entry
        return entry

    def with_changes(self, rows: Iterable[KeyRow]) -> Snapshot:
        """Return a snapshot with these rows on top; the keys in use stay at hand."""
        return Snapshot(self.packed, {**self.changed, **{row.id: _entry_of(row) for row in rows}}, self._hot)


def make_entry(key_id: str, row: Mapping[str, Any]) -> Entry:
    """Make an entry of a row's columns by name, times in microseconds."""
    created_at, expires_at = row["created_at"], row["expires_at"]
    caller = Caller(
        account=row["account"],
        key=PREFIX + key_id,
        organization=row["organization"],
        plan=row["plan"] or "",
        verification=row["verification"] or "none",
        created_at=None if created_at is None else created_at / MICROSECONDS,
    )
    return Entry(row["salt"], row["hash"], float("inf") if expires_at is None else expires_at / MICROSECONDS, caller)


def _entry_of(row: KeyRow) -> Entry | None:
    return None if row.revoked_at is not None or row.account is None else make_entry(row.id, row._asdict())


def _number(key_id: str) -> int:
    return int(key_id.translate(_AS_BASE_32), 32)


def _pack(rows: Sequence[KeyRow]) -> pa.RecordBatch:
    columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    columns["number"] = tuple(map(_number, columns["id"]))
    return pa.RecordBatch.from_pydict({name: columns[name] for name in _COLUMNS.names}, schema=_COLUMNS)
