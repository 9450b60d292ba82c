"""From blocks to crews: which accounts make how many calls, of which kind, on which step of the evasion ladder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from stillwatch.simulate.block import MAX_LADDER, Block, traffic_kinds
from stillwatch.simulate.draws import F64, I64, below, mix, normal, unit
from stillwatch.simulate.party import Party, make_party
from stillwatch.simulate.pools import Pools
from stillwatch.simulate.rhythm import Rhythm, make_rhythm
from stillwatch.simulate.scenario import Scenario
from stillwatch.simulate.wording import Task, Wording, make_wording

COVER = 9
"""Ladder 4: calls of real people for each call of the campaign, on the same accounts."""

CALLS_AT_LADDER_5 = 4
"""Ladder 5: campaign calls an account, the figure of the October 2026 report (16,000 requests, 4,000 users)."""

LADDER_OF_COVER, LADDER_OF_HOURS = 4, 2
"""Steps of the ladder (docs/simulate.md): mixing with people, human hours."""

COVER_ITEMS = 4000
"""Different prompts an account of many people can bring: as many as a busy one sends in a month."""

LEAST_CAMPAIGN = 30
"""Fewest accounts a campaign is scaled down to: fewer would no longer be spread out."""

BACK_AFTER = 0.05
"""Days from a ban to the second pool: about an hour, in which the banned accounts are still tried."""

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
    """Make all crews at this scale: calls times ``scale`` exactly, accounts at least each block's minimum."""
    operators = list(dict.fromkeys(_operator(b, i) for i, b in enumerate(scenario.blocks) if b.items == "shard"))
    crews: list[Crew] = []
    offset = 0
    for number, block in enumerate(scenario.blocks):
        operator = _operator(block, number)
        builder = Builder(
            scenario=scenario,
            pools=pools,
            seed=seed * 1_000_003 + number * 7919,
            operator_seed=seed * 1_000_003 + crc32(operator.encode()),
            common_seed=seed,
            scale=scale,
            trace=trace,
            share=(operators.index(operator), len(operators)) if operator in operators else (0, 1),
        )
        made = builder.honest(block, offset) if not block.campaign else builder.campaign(block, offset)
        crews += made
        offset = max(c.party.offset + len(c.party) for c in made)
    return crews


def _operator(block: Block, number: int) -> str:
    """Name who runs a block: blocks of one campaign have one operator, every other block has its own."""
    return f"campaign {block.campaign}" if block.campaign else f"block {number}"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Makes the crews of one block. ``share`` says which part of the items this operator works through, of how many."""

    scenario: Scenario
    pools: Pools
    seed: int
    operator_seed: int
    common_seed: int
    scale: float
    trace: F64 | None
    share: tuple[int, int]

    def honest(self, block: Block, offset: int) -> list[Crew]:
        """Return the one crew of an honest block."""
        party = self._party(block, offset, self._accounts(block, block.accounts))
        return [self._crew(party, block, self._calls(party, round(block.calls * self.scale)))]

    def campaign(self, block: Block, offset: int) -> list[Crew]:
        """Return a campaign's crews: its calls, the cover around them, the second pool after a ban."""
        block = _on_ladder(block)
        accounts = self._accounts(block, block.accounts)
        calls = round(block.calls * self.scale)
        if block.ladder >= MAX_LADDER:
            calls = CALLS_AT_LADDER_5 * accounts
        if not block.ban_day:
            return self._mixed(self._party(block, offset, accounts), block, calls)
        return self._banned(block, offset, accounts, calls)

    def _banned(self, block: Block, offset: int, accounts: int, calls: int) -> list[Crew]:
        """Return the first pool, what it still tries after its ban, and the second, which goes on where it stopped."""
        until = block.first_day + (block.days or self.scenario.days - block.first_day)
        share = (block.ban_day - block.first_day) / (until - block.first_day)
        before = replace(block, days=block.ban_day - block.first_day)
        retry = replace(block, first_day=block.ban_day, days=BACK_AFTER, rhythm="flat")
        after = replace(
            block, first_day=block.ban_day + BACK_AFTER, days=until - block.ban_day - BACK_AFTER, stint_days=0.0
        )
        first = self._mixed(self._party(before, offset, accounts), before, round(calls * share))
        done = int(first[0].sessions.sum())
        tries = np.full(accounts, RETRIES)
        refused = self._crew(first[0].party, retry, tries, campaign=block.campaign, role="retry", skip=done)
        second = self._accounts(block, block.second_accounts or block.accounts)
        fresh = self._party(after, offset + accounts, second, renewal=1)
        return [
            *first,
            replace(refused, banned=True),
            *self._mixed(fresh, after, calls - round(calls * share), skip=done),
        ]

    def _mixed(self, party: Party, block: Block, calls: int, *, skip: int = 0) -> list[Crew]:
        if block.share_low < 1:
            total = self._calls(party, calls)
            low, high = np.log(block.share_low), np.log(block.share_high)
            share = np.exp(low + (high - low) * unit(mix(party.person, 601)))
            attack = np.clip(np.round(total * share).astype(np.int64), 1, np.maximum(1, total - 1))
            cover = total - attack
        else:
            attack = self._calls(party, calls)
            cover = COVER * attack if block.ladder >= LADDER_OF_COVER else np.zeros_like(attack)
        crews = [self._crew(party, block, attack, campaign=block.campaign, role="campaign", skip=skip)]
        return [*crews, self._cover(party, block, cover)] if cover.any() else crews

    def _cover(self, party: Party, block: Block, calls: I64) -> Crew:
        people = Block(**{**traffic_kinds()["human"], "kind": "human", "calls": 1})
        cover = replace(
            people,
            first_day=block.first_day,
            days=block.days,
            stint_days=block.stint_days,
            active_share=1.0,
            item_count=COVER_ITEMS,
            network=block.network,
        )
        return self._crew(party, cover, calls, role="cover")

    def _accounts(self, block: Block, accounts: int) -> int:
        fewest = LEAST_CAMPAIGN if block.campaign else 1
        return max(min(block.min_accounts, max(accounts, fewest)), round(accounts * self.scale))

    def _party(self, block: Block, offset: int, accounts: int, *, renewal: int = 0) -> Party:
        return make_party(
            block,
            offset=offset,
            accounts=accounts,
            seed=self.operator_seed,
            common_seed=self.common_seed,
            renewal=renewal,
        )

    def _calls(self, party: Party, total: int) -> I64:
        """Share calls out: heavy-tailed (log-normal), at least one each, the sum exact."""
        n = len(party)
        total = max(total, n)
        size = np.exp(party.block.spread * normal(mix(party.person, 602)))
        share = size / size.sum() * (total - n)
        calls: I64 = 1 + np.floor(share).astype(np.int64)
        left = total - int(calls.sum())
        calls[np.argsort(-(share - np.floor(share)), kind="stable")[:left]] += 1
        return calls

    def _crew(
        self, party: Party, block: Block, calls: I64, *, campaign: str = "", role: str = "", skip: int = 0
    ) -> Crew:
        seed = self.seed + crc32(f"{role} {party.renewal}".encode()) % 7919
        sessions = np.clip(np.round(calls / block.turns).astype(np.int64), np.minimum(calls, 1), calls)
        speaking = replace(party, block=block)
        rhythm = make_rhythm(block, party.person, days=self.scenario.days, seed=self.operator_seed, trace=self.trace)
        task = Task(self.share, skip, self.seed if campaign else seed)
        return Crew(
            party=party,
            block=block,
            calls=calls,
            sessions=sessions,
            rhythm=rhythm,
            wording=make_wording(speaking, self.pools, task),
            campaign=campaign,
            banned=False,
            seed=seed,
        )


def _on_ladder(block: Block) -> Block:
    """Return the block as its step of the ladder has it (docs/simulate.md)."""
    if block.ladder >= LADDER_OF_HOURS and block.rhythm in {"synchronous", "flat"}:
        return replace(block, rhythm="human", active_share=0.8)
    return block


def varied(scenario: Scenario, seed: int) -> Scenario:
    """Return another composition of the scenario: blocks left out, sizes, loads and days drawn from the seed."""
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
