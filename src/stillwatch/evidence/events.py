"""Events: what goes into the log and is no call (the table in docs/evidence.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from stillwatch.evidence.commitments import Value, commit, new_seed
from stillwatch.evidence.entries import CallEntry, event_entry

ERASED_AT_ONCE = 3_000
"""Indices of one ``erasure`` entry: 17 bytes each at most stay below the 65,535 of an entry."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is no call: public ``fields``, and ``private`` ones that are only committed to.

    With ``once`` (any bytes that name it) it goes into the log only the first time.
    """

    kind: str
    fields: Mapping[str, object]
    private: Mapping[str, Value] | None = None
    once: bytes | None = None

    def record(self) -> CallEntry:
        """Return its entry with what opens it. Raises EvidenceError for fields that have no canonical form."""
        if not self.private:
            return CallEntry(event_entry(self.kind, self.fields), {}, b"")
        seed = new_seed()
        return CallEntry(
            event_entry(self.kind, {**self.fields, "private": commit(seed, self.private)}), self.private, seed
        )


def finding(campaign: Mapping[str, Any], *, report: str, software: str) -> Event:
    """Return the event of a campaign of ``campaigns.json``, whose SHA-256 in hex is ``report``."""
    said = {
        "campaign": str(campaign["campaign"]),
        "accounts": int(campaign["accounts"]),
        "calls": int(campaign["calls"]),
        "sha256": finding_digest(campaign),
        "unlabelled": finding_digest(unlabelled(campaign)),
        "report": report,
        "version": software,
    }
    return Event("finding", said)


def finding_digest(campaign: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a campaign's JSON in hex: keys sorted, no spaces, UTF-8, numbers as Python's json writes
    them (a campaign has fractions, which canonical entries have not).
    """  # noqa: D205 - one sentence
    text = json.dumps(campaign, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def unlabelled(campaign: Mapping[str, Any]) -> dict[str, Any]:
    """Return a campaign without the labels of its observables, which name networks and programs."""
    bare = [{**observable, "label": None} for observable in campaign.get("observables", ())]
    return {**campaign, "observables": bare}


def erasures(indices: Sequence[int], *, reason: str) -> list[Event]:
    """Return the events of an erasure: each names as many records as one entry holds."""
    wanted = sorted(set(indices))
    parts = [wanted[at : at + ERASED_AT_ONCE] for at in range(0, len(wanted), ERASED_AT_ONCE)]
    return [Event("erasure", {"count": len(part), "indices": part, "reason": reason}) for part in parts]
