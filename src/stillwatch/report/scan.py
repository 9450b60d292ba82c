"""What the scan itself could see: tenants, signals, rejects, settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.report import words
from stillwatch.report.observables import signal_name

Json = dict[str, Any]
NO_TEXT = "No call had any text (messages, prompt or system), so nothing could be recognised in them."
MOSTLY_ABSENT = frozenset({"artefact"})
"""Signals whose value is rare in honest traffic: that no prompt has one does not make a scan weaker."""
FEW_SCANS = 100
"""With fewer innocent scans no rate below one in a hundred can be claimed."""


@dataclass(frozen=True)
class Tenant:
    """A declared tenant whose use looks like extraction."""

    who: str
    names: str
    accounts: str
    calls: str
    harvest: str
    share: str
    period: str
    verification: str


@dataclass(frozen=True)
class Signal:
    """One signal: what it saw, or why it did not run."""

    signal: str
    family: str
    sightings: str
    skipped: str


@dataclass(frozen=True)
class Reject:
    """Rows of one kind that could not be read, or were kept with a doubt."""

    kind: str
    rows: str
    kept: str
    first: str


def tenant(entry: Json) -> Tenant:
    """Put an entry of ``tenants.json`` into words."""
    names = [words.name(n) for n in entry.get("account_names", [])]
    accounts, calls, harvest = (int(entry.get(k, 0)) for k in ("accounts", "calls", "harvest_calls"))
    more = f" and {accounts - len(names):,} more" if accounts > len(names) else ""
    organization = entry.get("organization")
    verification = ", ".join(f"{v:,} {k}" for k, v in sorted(entry.get("verification", {}).items()))
    return Tenant(
        words.name(organization) if organization else "no declared organization",
        ", ".join(names) + more,
        words.count(accounts),
        words.count(calls),
        words.count(harvest),
        words.percent(harvest / calls) if calls else "unknown",
        words.period(entry.get("first_call_at"), entry.get("last_call_at")),
        verification or "unknown",
    )


def signal(entry: Json) -> Signal:
    """Put a signal's entry of ``scan.json`` into words."""
    sightings = words.count(int(entry.get("sightings", 0)))
    name, family = str(entry.get("signal", "")), str(entry.get("family", ""))
    return Signal(name, family, sightings, str(entry.get("skipped") or ""))


def reject(entry: Json) -> Reject:
    """Put a kind of odd rows into words."""
    kept = "kept" if entry.get("warning") else "left out"
    return Reject(
        str(entry.get("kind", "")), words.count(int(entry.get("count", 0))), kept, str(entry.get("first", ""))
    )


def left_out(scan: Json) -> int:
    """Count the rows that could not be read."""
    return sum(int(r.get("count", 0)) for r in scan.get("rejects", []) if not r.get("warning"))


def cautions(scan: Json, signals: Sequence[Signal]) -> list[str]:
    """Say what makes this scan weaker than it could be."""
    sentences = []
    calls, lost = int(scan.get("calls", 0)), left_out(scan)
    if lost > calls / 100:
        share = words.percent(lost / max(1, lost + calls))
        sentences.append(f"{share} of the rows could not be read: mend that before relying on this page.")
    texts = int(scan.get("calls_with_text", calls))
    if not texts and calls:
        sentences.append(f"{NO_TEXT} This scan is void.")
    elif texts < calls / 2:
        sentences.append(
            f"Only {words.percent(texts / calls)} of the calls had text: the others were hardly looked at."
        )
    without = scan.get("settings", {}).get("without", [])
    if without:
        sentences.append(f"Evidence was left out on request: {words.listing(str(w) for w in without)}.")
    reasons: dict[str, list[str]] = {}
    for one in signals:
        if one.skipped and one.signal not in MOSTLY_ABSENT:
            reasons.setdefault(one.skipped, []).append(signal_name(one.signal))
    sentences += [f"Not looked at, because {why}: {words.listing(names)}." for why, names in reasons.items()]
    scans = scan.get("calibration", {}).get("scans")
    if isinstance(scans, int) and scans < FEW_SCANS:
        counted = f"False alarms were counted over {words.several(scans, 'innocent scan')} only"
        sentences.append(f"{counted}: nothing rarer than one in {scans + 1} can be claimed.")
    return sentences


def weaker(scan: Json, listed: int) -> str:
    """Say what was weighed and not listed."""
    strengths = sorted((float(s) for s in scan.get("candidates", [])), reverse=True)[listed:]
    hopeless = int(scan.get("candidates_unquestioned", 0))
    other = "other " if listed else ""
    if not strengths and not hopeless:
        return f"No {other}group of accounts was worth weighing."
    least = f"{words.bits(float(scan.get('settings', {}).get('min_strength_bits', 0.0)))} bits"
    groups = words.several(len(strengths) + hopeless, f"{other}group was", f"{other}groups were")
    said = f"{groups} weighed and stayed below {least}"
    if not strengths:
        return f"{said}, whatever the calls may show."
    if hopeless:
        said += f", {words.about(hopeless)} of them whatever the calls may show"
    return f"{said}; the strongest {'of the rest ' if hopeless else ''}reached {words.bits(strengths[0])}."


def settings(scan: Json) -> list[tuple[str, str]]:
    """List the settings that shaped the result."""
    given = scan.get("settings", {})
    without = ", ".join(str(w) for w in given.get("without", [])) or "none"
    least = f"{words.bits(float(given.get('min_strength_bits', 0.0)))} bits"
    rows = [("Least strength listed", least), ("Families left out", without)]
    for name, parameters in sorted(given.get("signals", {}).items()):
        rows.append((f"Signal {name}", ", ".join(f"{k} = {v}" for k, v in sorted(parameters.items()))))
    return rows
