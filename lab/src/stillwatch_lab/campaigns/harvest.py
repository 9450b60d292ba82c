"""A harvest day by day: calls through the gateway, scans, and what the harvester has got by then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.gateway.policy import Rules
from stillwatch.gateway.settings import LimitRule
from stillwatch_lab.campaigns.gateway import SimulatedGateway, Tally
from stillwatch_lab.campaigns.offered import Offered
from stillwatch_lab.campaigns.scanning import Scanner

DAY = 86_400.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Host:
    """What the host does: limits of an account and of a campaign, rules, after which days it scans, under which key."""

    rules: Rules
    limits: tuple[LimitRule, ...]
    scan_days: Sequence[int] = ()
    seed: int = 0
    """Of the deployment's key (``Scanner``)."""


def run_harvest(
    offered: Offered, host: Host, *, start: float, days: int, work: Path, on_day: Callable[[Json], None] | None = None
) -> list[Json]:
    """Run all days; one record a day: exchanges so far, what was refused or delayed, who is listed.

    ``start`` is the beginning of day 0, in seconds since 1970 UTC. A harvest is *found* when at least half of the
    accounts that harvested so far are listed.
    """
    return asyncio.run(_run(offered, host, start=start, days=days, work=work, on_day=on_day or (lambda _day: None)))


async def _run(
    offered: Offered, host: Host, *, start: float, days: int, work: Path, on_day: Callable[[Json], None]
) -> list[Json]:
    gateway = SimulatedGateway(host.rules, host.limits, offered.callers, start)
    scanner = Scanner(offered.log, offered.accounts, work, host.seed)
    gateway.offer(offered.calls)
    harvesters = {call.account for call in offered.calls if call.harvest}
    records: list[Json] = []
    for day in range(days):
        end = start + (day + 1) * DAY
        await gateway.run_until(end)
        if day in host.scan_days:
            gateway.learn(scanner.look(gateway.admitted, now=end))
        records.append(_record(day, gateway, harvesters))
        on_day(records[-1])
    return records


def _record(day: int, gateway: SimulatedGateway, harvesters: set[str]) -> Json:
    active = {one.call.account for one in gateway.admitted if one.call.harvest}
    listed = {account for account, standing in gateway.standings.items() if standing.campaign is not None}
    return {
        "day": day,
        "harvest": _counts(gateway.harvest),
        "others": _counts(gateway.others),
        "active_accounts": len(active),
        "listed": len(listed & harvesters),
        "innocents_listed": len(listed - harvesters),
        "found": bool(active) and 2 * len(listed & active) >= len(active),
        "strongest_bits": max((s.strength_bits for a, s in gateway.standings.items() if a in harvesters), default=0.0),
    }


def _counts(tally: Tally) -> Json:
    answered = tally.counts["answered"]
    return {
        "answered": answered,
        "without_reasoning": tally.counts["without_reasoning"],
        "refused": tally.counts["refused"],
        "delayed": tally.counts["delayed"],
        "mean_hours_late": round(tally.late_seconds / max(1, answered) / 3600, 3),
    }
