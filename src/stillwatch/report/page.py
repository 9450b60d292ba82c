"""The whole page: the summary first, then campaigns, tenants, and what the scan could and could not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.report import words
from stillwatch.report.campaign import Campaign, campaign
from stillwatch.report.read import Folder

Json = dict[str, Any]
MAX_CAMPAIGNS = 40
"""Campaigns told in full; a browser still opens the page at once, and nobody reads further."""
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
    tokens: str
    period: str
    verification: str
    says: str


@dataclass(frozen=True)
class Signal:
    """One signal: whether it ran, or why not."""

    signal: str
    family: str
    sightings: str
    skipped: str


@dataclass(frozen=True)
class Page:
    """All that the template writes."""

    title: str
    verdict: str
    summary: list[str]
    caution: list[str]
    campaigns: list[Campaign]
    unlisted: int
    weaker: str
    tenants: list[Tenant]
    limits: list[str]
    calibration: list[str]
    signals: list[Signal]
    skipped: int
    rejects: list[tuple[str, str, str, str]]
    settings: list[tuple[str, str]]
    version: str


def page(folder: Folder, *, samples: Mapping[str, Sequence[str]]) -> Page:
    """Put a scan's folder into words. Optional keys may be missing."""
    scan = folder.scan
    listed = [
        campaign(
            e, i, table=folder.members, sightings=folder.sightings, samples=samples.get(str(e.get("campaign")), [])
        )
        for i, e in enumerate(folder.campaigns[:MAX_CAMPAIGNS], 1)
    ]
    signals = [_signal(s) for s in scan.get("signals", [])]
    when = words.period(scan.get("first_call_at"), scan.get("last_call_at"))
    return Page(
        title=f"Distillation scan, {when}" if scan.get("first_call_at") else "Distillation scan",
        verdict=_verdict(folder.campaigns, folder.tenants),
        summary=_summary(folder, when),
        caution=_caution(scan, signals),
        campaigns=listed,
        unlisted=max(0, len(folder.campaigns) - MAX_CAMPAIGNS),
        weaker=_weaker(scan, len(folder.campaigns)),
        tenants=[_tenant(t) for t in folder.tenants],
        limits=[str(s) for s in scan.get("limits", [])],
        calibration=_calibration(scan),
        signals=signals,
        skipped=sum(1 for s in signals if s.skipped),
        rejects=[
            (
                str(r.get("kind", "")),
                words.count(int(r.get("count", 0))),
                "kept" if r.get("warning") else "left out",
                words.visible(str(r.get("first", ""))),
            )
            for r in scan.get("rejects", [])
        ],
        settings=_settings(scan.get("settings", {})),
        version=str(scan.get("version", "unknown")),
    )


def _verdict(campaigns: Sequence[Json], tenants: Sequence[Json]) -> str:
    if campaigns:
        groups = "One group of accounts looks" if len(campaigns) == 1 else f"{len(campaigns)} groups of accounts look"
        return f"{groups} like {'a distillation campaign' if len(campaigns) == 1 else 'distillation campaigns'}."
    if tenants:
        return (
            "No campaign was found, but "
            + words.several(len(tenants), "tenant")
            + " used the model as if to extract it."
        )
    return "No campaign was found."


def _summary(folder: Folder, when: str) -> list[str]:
    scan, sentences = folder.scan, []
    if folder.campaigns:
        accounts = sum(int(c.get("accounts", 0)) for c in folder.campaigns)
        exchanges = sum(int(c.get("exchanges", 0)) for c in folder.campaigns)
        total = int(scan.get("calls", 0))
        share = f" of {words.about(total)} read" if total else ""
        sentences.append(
            f"Together {words.several(accounts, 'account')} and {words.about(exchanges)} completed calls{share}."
        )
    calls, accounts = int(scan.get("calls", 0)), int(scan.get("accounts", 0))
    inputs = int(scan.get("inputs", 0))
    files = f" from {words.several(inputs, 'file')}" if inputs else ""
    covered = f", {when}" if scan.get("first_call_at") else ""
    sentences.append(
        f"The scan covers {words.several(calls, 'call')} by {words.several(accounts, 'account')}{files}{covered} (UTC)."
    )
    lost = sum(int(r.get("count", 0)) for r in scan.get("rejects", []) if not r.get("warning"))
    sentences.append(
        f"{words.several(lost, 'row was', 'rows were')} left out because {'it' if lost == 1 else 'they'} could not be read."
        if lost
        else "No row was left out."
    )
    return sentences


def _caution(scan: Json, signals: Sequence[Signal]) -> list[str]:
    """Say what makes this scan weaker than it could be."""
    sentences = []
    calls = int(scan.get("calls", 0))
    lost = sum(int(r.get("count", 0)) for r in scan.get("rejects", []) if not r.get("warning"))
    if lost > calls / 100:
        sentences.append(
            f"{words.percent(lost / max(1, lost + calls))} of the rows could not be read: mend that before relying on this page."
        )
    without = scan.get("settings", {}).get("without", [])
    if without:
        sentences.append(f"Evidence was left out on request: {words.listing(str(w) for w in without)}.")
    skipped = [s.signal.replace("_", " ") for s in signals if s.skipped]
    if skipped:
        sentences.append(
            f"{words.several(len(skipped), 'signal')} could not run for lack of data: {words.listing(skipped)}."
        )
    scans = scan.get("calibration", {}).get("scans")
    if isinstance(scans, int) and scans < FEW_SCANS:
        sentences.append(
            f"False alarms were counted over {words.several(scans, 'innocent scan')} only, so no rate below one in {scans + 1} is claimed."
        )
    return sentences


def _weaker(scan: Json, listed: int) -> str:
    strengths = sorted((float(s) for s in scan.get("candidates", [])), reverse=True)[listed:]
    if not strengths:
        return "No other group of accounts came near."
    least = float(scan.get("settings", {}).get("min_strength_bits", 0.0))
    groups = words.several(len(strengths), "other group was", "other groups were")
    return (
        f"{groups} weighed and stayed below {words.bits(least)} bits; the strongest reached {words.bits(strengths[0])}."
    )


def _tenant(tenant: Json) -> Tenant:
    names = [words.name(n) for n in tenant.get("account_names", [])]
    accounts, calls, harvest = (int(tenant.get(k, 0)) for k in ("accounts", "calls", "harvest_calls"))
    more = f" and {accounts - len(names):,} more" if accounts > len(names) else ""
    organization = tenant.get("organization")
    verification = ", ".join(
        f"{v:,} {words.visible(str(k))}" for k, v in sorted(tenant.get("verification", {}).items())
    )
    return Tenant(
        words.name(organization) if organization else (names[0] if names else "unnamed"),
        ", ".join(names) + more,
        words.several(accounts, "account"),
        words.count(calls),
        words.count(harvest),
        words.percent(harvest / calls) if calls else "unknown",
        words.about(int(tenant.get("output_tokens", 0))),
        words.period(tenant.get("first_call_at"), tenant.get("last_call_at")),
        verification or "unknown",
        str(tenant.get("says", "")),
    )


def _signal(signal: Json) -> Signal:
    skipped = signal.get("skipped")
    return Signal(
        str(signal.get("signal", "")),
        str(signal.get("family", "")),
        words.count(int(signal.get("sightings", 0))),
        str(skipped or ""),
    )


def _calibration(scan: Json) -> list[str]:
    calibration = scan.get("calibration", {})
    return [str(calibration["says"])] if calibration.get("says") else []


def _settings(settings: Json) -> list[tuple[str, str]]:
    without = ", ".join(str(w) for w in settings.get("without", [])) or "nothing"
    rows = [
        ("Least strength listed", f"{words.bits(float(settings.get('min_strength_bits', 0.0)))} bits"),
        ("Families left out", without),
    ]
    for signal, parameters in sorted(settings.get("signals", {}).items()):
        rows.append((f"Signal {signal}", ", ".join(f"{k} = {v}" for k, v in sorted(parameters.items()))))
    return rows
