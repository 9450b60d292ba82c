"""The whole page: the summary first, then campaigns, operators, tenants, and what the scan could and could not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.report import scan, words
from stillwatch.report.campaign import Campaign, campaign
from stillwatch.report.operators import Operator, operator
from stillwatch.report.read import Folder

Json = dict[str, Any]
MAX_CAMPAIGNS = 40
"""Campaigns told in full: with more the page opens slowly, and nobody reads on."""


@dataclass(frozen=True)
class Page:
    """All that the template writes."""

    title: str
    period: str
    verdict: str
    summary: list[str]
    cautions: list[str]
    campaigns: list[Campaign]
    unlisted: int
    weaker: str
    operators: list[Operator]
    tenants: list[scan.Tenant]
    tenants_say: list[str]
    limits: list[str]
    calibration: str
    signals: list[scan.Signal]
    skipped: int
    rejects: list[scan.Reject]
    settings: list[tuple[str, str]]
    version: str


def page(folder: Folder, *, samples: Mapping[str, Sequence[str]]) -> Page:
    """Put a scan's folder into words. Optional keys may be missing."""
    facts = folder.scan
    signals = [scan.signal(s) for s in facts.get("signals", [])]
    when = (
        words.period(facts.get("first_call_at"), facts.get("last_call_at"))
        if facts.get("first_call_at")
        else "no calls"
    )
    return Page(
        title=f"{_count(folder.campaigns)}, {when} - Stillwatch",
        period=when,
        verdict=_verdict(folder.campaigns, folder.tenants),
        summary=_summary(folder, when),
        cautions=scan.cautions(facts, signals),
        campaigns=_campaigns(folder, samples),
        unlisted=max(0, len(folder.campaigns) - MAX_CAMPAIGNS),
        weaker=scan.weaker(facts, len(folder.campaigns)),
        operators=[operator(o) for o in folder.operators],
        tenants=[scan.tenant(t) for t in folder.tenants],
        tenants_say=list(dict.fromkeys(str(t["says"]) for t in folder.tenants if t.get("says"))),
        limits=[str(s) for s in facts.get("limits", [])],
        calibration=str(facts.get("calibration", {}).get("says", "This scan says nothing about its calibration.")),
        signals=signals,
        skipped=sum(1 for s in signals if s.skipped),
        rejects=[scan.reject(r) for r in facts.get("rejects", [])],
        settings=scan.settings(facts),
        version=str(facts.get("version", "of unknown version")),
    )


def _campaigns(folder: Folder, samples: Mapping[str, Sequence[str]]) -> list[Campaign]:
    parameters = folder.scan.get("settings", {}).get("signals", {})
    return [
        campaign(
            entry,
            number,
            table=folder.members,
            sightings=folder.sightings,
            samples=samples.get(str(entry.get("campaign")), []),
            parameters=parameters,
        )
        for number, entry in enumerate(folder.campaigns[:MAX_CAMPAIGNS], 1)
    ]


def _count(campaigns: Sequence[Json]) -> str:
    return words.several(len(campaigns), "campaign") if campaigns else "No campaign"


def _verdict(campaigns: Sequence[Json], tenants: Sequence[Json]) -> str:
    if len(campaigns) == 1:
        return "One group of accounts looks like a distillation campaign."
    if campaigns:
        return f"{words.spelled(len(campaigns))} groups of accounts look like distillation campaigns."
    if tenants:
        return f"No campaign was found. {words.several(len(tenants), 'tenant')} used the model as if to extract it."
    return "No campaign was found."


def _summary(folder: Folder, when: str) -> list[str]:
    facts, sentences = folder.scan, []
    calls, accounts = int(facts.get("calls", 0)), int(facts.get("accounts", 0))
    if folder.campaigns:
        members = sum(int(c.get("accounts", 0)) for c in folder.campaigns)
        exchanges = sum(int(c.get("exchanges", 0)) for c in folder.campaigns)
        who = f"{words.several(members, 'account')} and {words.about(exchanges)} completed calls"
        sentences.append(f"{'Together ' if len(folder.campaigns) > 1 else ''}{who}.")
    if folder.operators:
        groups = (
            words.several(len(folder.operators), "other group")
            if folder.campaigns
            else words.several(len(folder.operators), "group")
        )
        sentences.append(f"{groups} of accounts with one operator and no extraction: listed apart.")
    files = f" from {words.several(int(facts['inputs']), 'file')}" if facts.get("inputs") else ""
    read = f"{words.several(calls, 'call')} by {words.several(accounts, 'account')}{files}"
    sentences.append(f"The scan covers {read}, {when}{' (UTC)' if calls else ''}.")
    lost = scan.left_out(facts)
    sentences.append(
        f"{words.several(lost, 'row')} could not be read and {'was' if lost == 1 else 'were'} left out."
        if lost
        else "Every row could be read."
    )
    return sentences
