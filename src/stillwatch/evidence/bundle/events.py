"""The log's own notes about a campaign that go into its bundle: the finding, the fixed list of calls, the sources."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import orjson

from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.notes import Note
from stillwatch.evidence.proofs import LogProof
from stillwatch.evidence.reader import LogReader

MAX_EVENTS = 1_000
"""Notes attached at most: beyond this many sources a reader asks the log."""
_MARKERS = tuple(f'"kind":"{kind}"'.encode() for kind in ("claim", "finding", "source"))


def attach_events(
    draft: Draft,
    reader: LogReader,
    note: Note,
    *,
    campaign: str,
    report: str,
    calls: str,
    indices: Sequence[int],
) -> None:
    """Write ``log/INDEX.json`` and its proof for each note of the log that speaks of this campaign or its calls."""
    attached = 0
    for index, entry in reader.find(_MARKERS):
        said = orjson.loads(entry)
        match said["kind"]:
            case "claim":
                mine = said["calls"] == calls
            case "finding":
                mine = said["campaign"] == campaign and said["report"] == report
            case _:
                mine = _covers(said, indices)
        if mine and attached < MAX_EVENTS:
            attached += 1
            draft.add(f"log/{index}.json", entry)
            draft.add(f"log/{index}.tlog-proof", bytes(LogProof(index, tuple(reader.prove(index)), str(note).encode())))


def _covers(source: dict[str, object], indices: Sequence[int]) -> bool:
    """Answer whether a counted call may have come with this source: entries follow its first one without a gap."""
    first, calls = source.get("first"), source.get("new", source.get("calls"))
    if not isinstance(first, int) or not isinstance(calls, int):
        return False
    at = bisect_left(indices, first)
    return at < len(indices) and indices[at] < first + calls
