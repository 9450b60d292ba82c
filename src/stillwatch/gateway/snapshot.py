"""How accounts stand, as a file that ``watch`` writes and the gateway reads: ``standing/snapshot.json``.

    {"version": 1, "made_at": 1795000000.0, "report": "/…/report", "inputs": "…",
     "accounts":  {NAME: {"campaign": "C-…", "strength_bits": 9.1, "bits": {"network": 12.0, …},
                          "match_weight": 14.2, "share": 0.97, "since": 1794990000.0}, …},
     "campaigns": {"C-…": {"in_report": "C-…", "accounts": 30}, …},
     "former":    {NAME: {"campaign": "C-…", "since": …, "until": …}, …}}

``accounts`` are those that the last scan lists. ``since`` is when a scan first listed the account. ``former`` are those
listed before and not now: they keep their ``since`` and their campaign's name should a later scan list them again.
Times are seconds since 1970 UTC; ``made_at`` never goes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ReportError
from stillwatch.gateway.journal.drafts import publish

VERSION = 1
FILE = "snapshot.json"
TICK = 0.001
"""A snapshot is at least this many seconds newer than the one before it, also when the clock was set back."""

Json = dict[str, Any]
EMPTY: Json = {"version": VERSION, "made_at": 0.0, "accounts": {}, "campaigns": {}, "former": {}}


@dataclass(frozen=True)
class Listed:
    """An account that a scan lists."""

    account: str
    campaign: str
    strength_bits: float
    bits: Mapping[str, float]
    match_weight: float
    share: float


def read_listed(report: Path) -> list[Listed]:
    """Return the accounts that a report lists. Raises ReportError for what is no report."""
    try:
        campaigns = {c["campaign"]: c for c in orjson.loads((report / "campaigns.json").read_bytes())}
        members = pq.read_table(report / "members.parquet", columns=["account", "campaign", "match_weight", "share"])
        rows = members.filter(members["campaign"].is_valid()).to_pylist()
        return [_listed(row, campaigns[row["campaign"]]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as problem:
        raise ReportError(
            f"{report}: not a scan's report ({type(problem).__name__}: {problem}); scan again"
        ) from problem


def read_latest(folder: Path) -> Json:
    """Return a folder's snapshot, an empty one if there is none. Raises ReportError for one that cannot be read."""
    path = folder / FILE
    try:
        latest = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return EMPTY
    except (OSError, ValueError) as problem:
        raise ReportError(
            f"{path}: cannot be read: {problem}; remove it (who was listed before is forgotten)"
        ) from problem
    if not isinstance(latest, dict) or latest.get("version") != VERSION:
        raise ReportError(
            f"{path}: not a snapshot of version {VERSION}; remove it (who was listed before is forgotten)"
        )
    return latest


def write_snapshot(folder: Path, snapshot: Json) -> Path:
    """Swap the snapshot in at once: a reader sees the old one or the new one. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE
    publish(path, lambda draft: _write(draft, snapshot))
    return path


def next_snapshot(before: Json, listed: Iterable[Listed], *, report: Path, now: float, keep_seconds: float) -> Json:
    """Return the snapshot after a scan. Pure.

    A campaign keeps the name of an earlier one with which it shares at least half of the smaller one's accounts; of
    several, the one with which it shares most.
    """
    found = list(listed)
    known = {**before["former"], **before["accounts"]}
    names = _names(known, found)
    accounts = {
        one.account: {
            **asdict(one),
            "campaign": names[one.campaign],
            "since": known.get(one.account, {}).get("since", now),
        }
        for one in found
    }
    for entry in accounts.values():
        del entry["account"]
    sizes = Counter(one.campaign for one in found)
    return {
        "version": VERSION,
        "made_at": max(now, before["made_at"] + TICK),
        "report": str(report),
        "accounts": accounts,
        "campaigns": {names[c]: {"in_report": c, "accounts": sizes[c]} for c in sorted(sizes)},
        "former": _former(known, accounts, now=now, keep_seconds=keep_seconds),
    }


def _names(known: Mapping[str, Json], found: list[Listed]) -> dict[str, str]:
    old_sizes = Counter(str(entry["campaign"]) for entry in known.values())
    new_sizes = Counter(one.campaign for one in found)
    shared = Counter((one.campaign, str(known[one.account]["campaign"])) for one in found if one.account in known)
    names: dict[str, str] = {}
    for (new, old), count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if new not in names and old not in names.values() and 2 * count >= min(new_sizes[new], old_sizes[old]):
            names[new] = old
    return {new: names.get(new, new) for new in new_sizes}


def _former(known: Mapping[str, Json], accounts: Json, *, now: float, keep_seconds: float) -> Json:
    gone = {name: entry for name, entry in known.items() if name not in accounts}
    former = {
        name: {"campaign": entry["campaign"], "since": entry["since"], "until": entry.get("until", now)}
        for name, entry in gone.items()
    }
    return {name: entry for name, entry in former.items() if entry["until"] >= now - keep_seconds}


def _listed(row: Json, campaign: Json) -> Listed:
    evidence = campaign["coordination"]["evidence"]
    bits = {str(family): float(found["bits"]) for family, found in evidence.items()}
    return Listed(
        row["account"],
        row["campaign"],
        float(campaign["strength_bits"]),
        bits,
        float(row["match_weight"] or 0.0),
        float(row["share"] or 0.0),
    )


def _write(draft: Path, snapshot: Json) -> None:
    draft.write_bytes(orjson.dumps(snapshot, option=orjson.OPT_INDENT_2))
