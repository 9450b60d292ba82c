"""From blocks to crews: which accounts make how many calls, of which kind, on which step of the evasion ladder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stillwatch.simulate.draws import F64, I64, below, mix, normal, unit
from stillwatch.simulate.party import Party, make_party
from stillwatch.simulate.pools import Pools
from stillwatch.simulate.rhythm import Rhythm, make_rhythm
from stillwatch.simulate.scenario import Block, Scenario, traffic_kinds
from stillwatch.simulate.wording import Wording, make_wording

COVER = 9
"""Ladder 4: calls of real people for each call of the campaign, on the same accounts."""

CALLS_AT_LADDER_5 = 4
"""Ladder 5: campaign calls an account, the figure of the October 2026 report (16,000 requests, 4,000 users)."""

RETRIES = 2
"""Calls an account still tries after its ban, and gets 403 for."""


@dataclass(frozen=True)
class Crew:
    """Calls of one nature by one party: the campaign's own, the cover around them, or all calls of an honest block."""

    party: Party
    block: Block
    calls: I64
    sessions: I64
    rhythm: Rhythm
    wording: Wording
    campaign: str
    banned: bool
    seed: int


def make_crews(scenario: Scenario, pools: Pools, *, scale: float, seed: int, trace: F64 | None) -> list[Crew]:
    """Make all crews of a scenario at this scale: calls times ``scale`` exactly, accounts too but for each block's minimum."""
    crews: list[Crew] = []
    offset = 0
    for number, block in enumerate(scenario.blocks):
        own = seed * 1_000_003 + number * 7919
        builder = Builder(scenario, pools, own, seed, scale, trace)
        made = builder.honest(block, offset) if not block.campaign else builder.campaign(block, offset)
        crews += made
        offset = max(c.party.offset + len(c.party) for c in made)
    return crews


@dataclass(frozen=True)
class Builder:
    """Makes the crews of one block."""

    scenario: Scenario
    pools: Pools
    seed: int
    base: int
    scale: float
    trace: F64 | None

    def honest(self, block: Block, offset: int) -> list[Crew]:
        """Return the one crew of an honest block."""
        party = self._party(block, offset, self._accounts(block, block.accounts))
        return [self._crew(party, block, self._calls(party, round(block.calls * self.scale)), "")]

    def campaign(self, block: Block, offset: int) -> list[Crew]:
        """Return a campaign's crews: its calls, the cover around them, the second pool after a ban."""
        block = _on_ladder(block)
        accounts = self._accounts(block, block.accounts)
        party = self._party(block, offset, accounts)
        calls = round(block.calls * self.scale)
        if block.ladder >= 5:
            calls = CALLS_AT_LADDER_5 * accounts
        if not block.ban_day:
            return self._mixed(party, block, calls)
        until = block.first_day + (block.days or self.scenario.days - block.first_day)
        share = (block.ban_day - block.first_day) / (until - block.first_day)
        before = replace(block, days=block.ban_day - block.first_day)
        retry = replace(block, first_day=block.ban_day, days=0.1, rhythm="flat")
        after = replace(block, first_day=block.ban_day + 0.05, days=until - block.ban_day - 0.05)
        second = self._accounts(block, block.second_accounts or block.accounts)
        crews = self._mixed(self._party(before, offset, accounts), before, round(calls * share))
        tries = np.full(accounts, RETRIES)
        crews.append(replace(self._crew(crews[0].party, retry, tries, block.campaign), banned=True))
        fresh = self._party(after, offset + accounts, second)
        return crews + self._mixed(fresh, after, calls - round(calls * share))

    def _mixed(self, party: Party, block: Block, calls: int) -> list[Crew]:
        if block.share_low < 1:
            total = self._calls(party, calls)
            low, high = np.log(block.share_low), np.log(block.share_high)
            share = np.exp(low + (high - low) * unit(mix(party.person, 601)))
            attack = np.clip(np.round(total * share).astype(np.int64), 1, np.maximum(1, total - 1))
            return [self._crew(party, block, attack, block.campaign), self._cover(party, block, total - attack)]
        attack = self._calls(party, calls)
        if block.ladder < 4:
            return [self._crew(party, block, attack, block.campaign)]
        return [self._crew(party, block, attack, block.campaign), self._cover(party, block, COVER * attack)]

    def _cover(self, party: Party, block: Block, calls: I64) -> Crew:
        people = {**traffic_kinds()["human"], "kind": "human", "calls": 1}
        cover = replace(
            Block(**people),
            first_day=block.first_day,
            days=block.days,
            active_share=1.0,
            item_count=4000,
            network=block.network,
        )
        return self._crew(party, cover, calls, "")

    def _accounts(self, block: Block, accounts: int) -> int:
        return max(min(block.min_accounts, max(accounts, 30 if block.campaign else 1)), round(accounts * self.scale))

    def _party(self, block: Block, offset: int, accounts: int) -> Party:
        return make_party(block, offset=offset, accounts=accounts, seed=self.base)

    def _calls(self, party: Party, total: int) -> I64:
        """Share calls out: heavy-tailed (log-normal), at least one each, the sum exact."""
        n = len(party)
        total = max(total, n)
        size = np.exp(party.block.spread * normal(mix(party.person, 602)))
        share = size / size.sum() * (total - n)
        calls = 1 + np.floor(share).astype(np.int64)
        left = total - int(calls.sum())
        calls[np.argsort(-(share - np.floor(share)), kind="stable")[:left]] += 1
        return calls

    def _crew(self, party: Party, block: Block, calls: I64, campaign: str) -> Crew:
        salt = self.seed + len(campaign) * 13 + round(block.first_day * 17)
        sessions = np.clip(np.round(calls / block.turns).astype(np.int64), np.minimum(calls, 1), calls)
        speaking = replace(party, block=block)
        rhythm = make_rhythm(block, party.person, days=self.scenario.days, seed=salt, trace=self.trace)
        wording = make_wording(speaking, self.pools, seed=self.seed if campaign else salt)
        return Crew(party, block, calls, sessions, rhythm, wording, campaign, banned=False, seed=salt)


def _on_ladder(block: Block) -> Block:
    """Return the block as its step of the ladder has it (docs/simulate.md)."""
    if block.ladder >= 2 and block.rhythm in {"synchronous", "flat"}:
        return replace(block, rhythm="human", active_share=0.8)
    return block


def varied(scenario: Scenario, seed: int) -> Scenario:
    """Return another composition of the same scenario: blocks left out, sizes, loads and days drawn anew from the seed."""
    if not scenario.vary:
        return scenario
    blocks = []
    for i, block in enumerate(scenario.blocks):
        key = mix(np.arange(6) + 10 * i, seed + 701)
        if block.kind != "human" and unit(key)[0] < 0.35 * scenario.vary:
            continue
        size = np.exp(scenario.vary * normal(key))
        accounts = max(1, round(block.accounts * size[1]))
        first = float(below(key[2:3], max(1, scenario.days // 2))[0]) if block.days else block.first_day
        blocks.append(
            replace(
                block,
                accounts=accounts,
                calls=max(1, round(block.calls * size[1] * size[3])),
                first_day=min(first, scenario.days - block.days) if block.days else first,
                item_count=max(1, round(block.item_count * size[4])) if block.item_count else 0,
            )
        )
    return replace(scenario, blocks=tuple(blocks))
