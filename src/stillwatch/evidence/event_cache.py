"""What the log says besides calls, found again without reading it whole: a cache beside the vault, made of the log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from stillwatch.evidence.reader import LogReader

KEPT = frozenset({"source", "finding", "erasure", "key"})
"""Kinds that are asked for later: was this file appended, this finding logged, this erasure carried out."""
CALL = b'"kind":"call"'
"""In an entry of a call and in no other: inside a JSON string each of these quotes would be escaped (RFC 8259)."""


@dataclass
class EventCache:
    """The events of one log. The file only saves reading the log again: removed, it is made anew."""

    path: Path
    through: int = 0
    """Entries of the log that were looked at."""
    sources: set[str] = field(default_factory=set)
    """SHA-256 of files that were appended, in hex."""
    findings: set[tuple[str, str]] = field(default_factory=set)
    """Campaign and SHA-256 of what was found."""
    keys: list[tuple[int, list[str]]] = field(default_factory=list)
    """Index and vkeys of every rotation."""
    unfinished: dict[int, list[int]] = field(default_factory=dict)
    """Erasures that are logged and perhaps not carried out: indices of the records by index of the entry."""
    _noted: int = 0

    def catch_up(self, reader: LogReader) -> None:
        """Read the cache, and of the log what the cache does not know. A cache of another log is forgotten."""
        self._read(reader.checkpoint.size)
        found = [
            (at, entry) for at, entry in enumerate(reader.entries(self.through), self.through) if CALL not in entry
        ]
        self.through = reader.checkpoint.size
        self.add((at, orjson.loads(entry)) for at, entry in found)

    def add(self, events: Iterable[tuple[int, Mapping[str, Any]]], *, through: int | None = None) -> None:
        """Take in entries by their index, and remember them; ``through``: how far the log is known now."""
        self.through = self.through if through is None else through
        kept = [{"index": i, **entry} for i, entry in events if entry["kind"] in KEPT]
        for line in kept:
            self._take(line)
        if kept or self.through != self._noted:
            self._append([*kept, {"through": self.through}])
            self._noted = self.through

    def erased(self, index: int) -> None:
        """Remember that the erasure of that entry was carried out."""
        self.unfinished.pop(index, None)
        self._append([{"erased": index}])

    def _read(self, size: int) -> None:
        try:
            lines = [orjson.loads(line) for line in self.path.read_bytes().splitlines()]
        except (OSError, ValueError):
            lines = []
        if not lines or any(line.get("through", line.get("index", 0)) > size for line in lines):
            self.path.unlink(missing_ok=True)
            lines = []
        for line in lines:
            self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        kind = line.get("kind")
        if kind == "source":
            self.sources.add(line["sha256"])
        elif kind == "finding":
            self.findings.add((line["campaign"], line["sha256"]))
        elif kind == "key":
            self.keys.append((line["index"], line["vkeys"]))
        elif kind == "erasure":
            self.unfinished[line["index"]] = line["indices"]
        elif "erased" in line:
            self.unfinished.pop(line["erased"], None)
        elif "through" in line:
            self.through = self._noted = line["through"]

    def _append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
