"""``stillwatch scan`` on an incident, and what its report says."""

from __future__ import annotations

import json
import tempfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.incidents import Incident
from benchmarks.machine import DATA
from benchmarks.metrics import Found, Names, is_reported
from benchmarks.programs import stillwatch, write_key

NAME = "Stillwatch"
STEPS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
"""Shares of a campaign's calls after which it is looked for: finer where early detection would be."""


@dataclass(frozen=True)
class Scan:
    """What one scan said, and how long it took."""

    found: tuple[Found, ...]
    campaigns: tuple[dict[str, Any], ...]
    seconds: float

    @property
    def accused(self) -> Names:
        """Every account in a campaign."""
        return frozenset().union(*(found.accounts for found in self.found))


def scan(incident: Incident, *, without: Sequence[str] = ()) -> Scan:
    """Scan an incident, perhaps without some families of signals."""
    key = write_key(DATA / "key")
    options = [argument for family in without for argument in ("--without", family)]
    with tempfile.TemporaryDirectory(dir=incident.folder) as folder:
        report = Path(folder) / "report"
        paths = ("--accounts", incident.accounts, "--key", key, "--out", report)
        run = stillwatch("scan", incident.log, *paths, *options)
        return Scan(*read_report(report), run.seconds)


def read_report(report: Path) -> tuple[tuple[Found, ...], tuple[dict[str, Any], ...]]:
    """Read the campaigns of a report and their members."""
    campaigns = tuple(json.loads((report / "campaigns.json").read_bytes()))
    members = defaultdict(set)
    for row in pq.read_table(report / "members.parquet", columns=["account", "campaign"]).to_pylist():
        members[row["campaign"]].add(row["account"])
    found = tuple(Found(frozenset(members[c["campaign"]]), c["calls"]) for c in campaigns)
    return found, campaigns


def exchanges_lost(incident: Incident, campaign: str) -> int | None:
    """How many calls of a campaign were made before a scan of the log so far would first have reported it.

    Searches the steps by halves, so it takes detection to stay once it is there. ``None`` if even the whole
    log does not show it.
    """
    planted = pq.read_table(incident.folder / "truth_calls.parquet")
    ids = planted.filter(pc.equal(planted["campaign"], campaign))["call_id"]
    calls = pq.read_table(incident.log, columns=["call_id", "started_at"])
    moments = sorted(calls.filter(pc.is_in(calls["call_id"], ids.combine_chunks()))["started_at"].to_pylist())
    counts = [max(round(step * len(moments)), 1) for step in STEPS]
    first = bisect_left(counts, x=True, key=lambda count: _is_seen(incident, campaign, moments[count - 1]))
    return counts[first] if first < len(counts) else None


def _is_seen(incident: Incident, campaign: str, until: datetime) -> bool:
    """Scan what an operator had at that moment: the calls so far, and the accounts that made them."""
    calls, accounts = pq.read_table(incident.log), pq.read_table(incident.accounts)
    so_far = calls.filter(pc.less_equal(calls["started_at"], until))
    with tempfile.TemporaryDirectory(dir=incident.folder) as folder:
        part = Incident(incident.case, incident.seed, Path(folder))
        pq.write_table(so_far, part.log)
        pq.write_table(accounts.filter(pc.is_in(accounts["account"], pc.unique(so_far["account"]))), part.accounts)
        return is_reported(incident.truth, campaign, scan(part).found)
