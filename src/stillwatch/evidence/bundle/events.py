"""The log's own notes about a campaign that go into its bundle: the finding, the fixed list of calls, the sources."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import orjson

from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.reader import LogReader

MAX_EVENTS = 1_000
"""Notes attached at most: beyond this many sources a reader asks the log."""
_MARKERS = tuple(f'"kind":"{kind}"'.encode() for kind in ("claim", "finding", "source"))


def attach_events(
    draft: Draft,
    reader: LogReader,
    *,
    campaign: str,
    report: str,
    calls: str,
    indices: Sequence[int],
) -> list[int]:
    """Write ``log/INDEX.json`` for each note of the log about this campaign or its calls; return the indices."""
    attached: list[int] = []
    for index, entry in reader.find(_MARKERS):
        said = orjson.loads(entry)
        match said["kind"]:
            case "claim":
                mine = said["calls"] == calls
            case "finding":
                mine = said["campaign"] == campaign and said["report"] == report
            case _:
                mine = _covers(said, indices)
        if mine and len(attached) < MAX_EVENTS:
            attached.append(index)
            draft.add(f"log/{index}.json", entry)
    return attached


def _covers(source: dict[str, object], indices: Sequence[int]) -> bool:
    """Answer whether a counted call may have come with this source: entries follow its first one without a gap."""
    first, calls = source.get("first"), source.get("new", source.get("calls"))
    if not isinstance(first, int) or not isinstance(calls, int):
        return False
    at = bisect_left(indices, first)
    return at < len(indices) and indices[at] < first + calls
