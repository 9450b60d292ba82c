"""Single declared tenants whose use looks like extraction: listed apart, never as a campaign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.detect.strands import Ints, Population

MIN_CALLS = 1_000
"""Fewer harvest calls make no training set of any use: the smallest public ones have a thousand rows."""
MIN_SHARE = 0.5
MAX_FOLLOW_UPS = 0.1
MAX_TENANTS = 50


@dataclass(frozen=True)
class Tenant:
    """An entity (organization or lone account), its accounts, calls and harvest calls."""

    entity: int
    accounts: Ints
    calls: int
    harvest: int
    output_tokens: int
    first: int
    last: int


def find_tenants(population: Population, *, campaign_accounts: Ints) -> list[Tenant]:
    """Find entities with mostly harvest-like calls and hardly a follow-up, outside campaigns; the largest first."""
    free = ~np.isin(population.account, campaign_accounts)
    entities, code = np.unique(population.entity[free], return_inverse=True)
    calls, harvest, follow = (
        np.bincount(code, weights=c[free], minlength=len(entities))
        for c in (population.calls, population.harvest, population.follow_ups)
    )
    good = (harvest >= MIN_CALLS) & (harvest >= MIN_SHARE * calls) & (follow <= MAX_FOLLOW_UPS * calls)
    ranked = sorted(np.flatnonzero(good), key=lambda i: (-harvest[i], entities[i]))[:MAX_TENANTS]
    return [_tenant(population, int(entities[i])) for i in ranked]


def _tenant(population: Population, entity: int) -> Tenant:
    mine = population.entity == entity
    return Tenant(
        entity,
        population.account[mine],
        int(population.calls[mine].sum()),
        int(population.harvest[mine].sum()),
        int(population.output_tokens[mine].sum()),
        int(population.first[mine].min()),
        int(population.last[mine].max()),
    )
