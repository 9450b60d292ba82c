"""What calls say: items from pools, in templates, in conversations that carry their history along."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.simulate.draws import I64, U64, below, join, mix, pair, unit
from stillwatch.simulate.party import Party
from stillwatch.simulate.pools import Pool, Pools, make_pool
from stillwatch.simulate.scenario import Block
from stillwatch.simulate.schedule import Rows
from stillwatch.simulate.templates import Frames, Template, draw_paraphrases, draw_template, make_frames

VARIANTS = 40
"""Paraphrases of a template at ladder 3: within the 20 to 60 that a rewriting step of a harvest would plausibly make."""

OWN_FRAMES = 400
"""At most so many different templates where every account has its own."""

CARRIED_TURNS = 7
"""Turns of history a conversation carries along; clients cut longer ones."""

QUIRKS = ("", "", "", "", "hi, ", "hey ", "ok ", "pls ", "so: ", "hello!\n", "quick one. ", "um, ", "? ", "again: ")
ENDINGS = (
    "",
    "",
    "",
    "",
    " thanks",
    " :)",
    " please",
    "\n\nthx",
    " (for work)",
    " asap",
    "??",
    " ...",
    " no rush",
    "\nBR",
)
"""Small habits of people, so that two who ask the same do not send the same bytes."""

SPINS = 48
"""Further variations of an item once a queue has gone through its whole pool: SPINS squared times as many items."""


@dataclass(frozen=True)
class Wording:
    """What one party says."""

    party: Party
    items: Pool
    frames: Frames
    followups: Pool
    answers: Pool
    results: Pool
    order: I64
    seed: int

    def item_numbers(self, rows: Rows) -> I64:
        """Return which item each call's session is about."""
        block, size = self.party.block, len(self.items)
        if block.items == "shard":
            return np.asarray(self.order[rows.queued % size])
        person = self.party.person[rows.who]
        if block.items == "same":
            window = min(size, block.item_count or size)
            origin = int(mix(np.array([self.seed]), 401)[0] % np.uint64(size))
            return np.asarray((origin + (rows.number % window)) % size)
        base = below(mix(person, 402), size)
        if block.items == "walk":
            return np.asarray((base + rows.number) % size)
        width = np.maximum(1, np.minimum(size, block.item_count or size))
        return np.asarray((base + below(mix(rows.session, 403), width)) % size)

    def frame_numbers(self, rows: Rows) -> I64:
        """Return which template each call is in."""
        key = {
            "account": self.party.person[rows.who],
            "organization": self.party.owner[rows.who],
        }.get(self.party.block.frames_by, rows.session)
        return below(mix(key, 404), len(self.frames))

    def write(self, rows: Rows) -> dict[str, pa.Array]:
        """Return the text columns of these calls: ``messages``, or ``prompt`` and ``system``."""
        frames = self.frame_numbers(rows)
        if self.party.block.form == "prompt":
            first = self._first(rows, frames, escaped=False)
            system = self.frames.system.plain.take(pa.array(frames))
            return {
                "prompt": first,
                "system": pc.if_else(pc.equal(system, ""), pa.scalar(None, pa.large_string()), system),
            }
        return {"messages": self._messages(rows, frames)}

    def _first(self, rows: Rows, frames: I64, *, escaped: bool) -> pa.LargeStringArray:
        def column(pool: Pool, numbers: I64) -> pa.LargeStringArray:
            return (pool.escaped if escaped else pool.plain).take(pa.array(numbers))

        item = column(self.items, self.item_numbers(rows))
        if self.party.block.items == "shard" and rows.queued.max(initial=0) >= len(self.items):
            rounds = rows.queued // len(self.items)
            spun = _spins()
            tail = column(spun, rounds % len(spun))
            item = pc.if_else(pa.array(rounds > 0), join(item, tail), item)
        head, tail = column(self.frames.head, frames), column(self.frames.tail, frames)
        return join(head, item, tail)

    def _messages(self, rows: Rows, frames: I64) -> pa.LargeStringArray:
        system = self.frames.system.escaped.take(pa.array(frames))
        with_system = join('[{"role":"system","content":"', system, '"},')
        opening = pc.if_else(pc.equal(system, ""), pa.scalar("[", pa.large_string()), with_system)
        first = self._first(rows, frames, escaped=True)
        turn = np.minimum(rows.turn, CARRIED_TURNS)
        if not turn.any():
            return join(opening, '{"role":"user","content":"', first, '"}]')
        return self._by_turn(rows, turn, opening, first)

    def _by_turn(
        self, rows: Rows, turn: I64, opening: pa.LargeStringArray, first: pa.LargeStringArray
    ) -> pa.LargeStringArray:
        parts, places = [], []
        for t in np.unique(turn):
            picked = np.flatnonzero(turn == t)
            index = pa.array(picked)
            pieces: list[pa.Array | str] = [opening.take(index), '{"role":"user","content":"', first.take(index)]
            for past in range(1, int(t) + 1):
                pieces += self._exchange(rows.session[picked], past)
            parts.append(join(*pieces, '"}]'))
            places.append(picked)
        back = np.argsort(np.concatenate(places), kind="stable")
        return pa.concat_arrays(parts).take(pa.array(back))

    def _exchange(self, session: U64, past: int) -> list[pa.Array | str]:
        """Return the answer to the turn before, and the words of this turn (a tool's result where there are tools)."""
        answer = self.answers.escaped.take(pa.array(below(mix(session, 410 + past), len(self.answers))))
        tools = self.party.block.tools > 0
        says = self.results if tools else self.followups
        said = says.escaped.take(pa.array(below(mix(session, 430 + past), len(says))))
        role = "tool" if tools else "user"
        return ['"},{"role":"assistant","content":"', answer, f'"}},{{"role":"{role}","content":"', said]


def make_wording(party: Party, pools: Pools, *, seed: int) -> Wording:
    """Give a party its items and templates."""
    items = pools.of(party.block.pool)
    random = Random(f"wording {seed}")
    order = np.random.default_rng([seed, 2]).permutation(len(items))
    return Wording(
        party=party,
        items=items,
        frames=_frames(party.block, len(party), random),
        followups=pools.of("followup"),
        answers=pools.of("answer"),
        results=pools.of("result"),
        order=order,
        seed=seed,
    )


def _frames(block: Block, accounts: int, random: Random) -> Frames:
    if not block.use:
        quirks = block.pool == "human" and not block.campaign
        habits = [Template("", q, e) for q in QUIRKS for e in ENDINGS] if quirks else [Template("", "", "")]
        return make_frames(habits)
    count = block.templates
    if block.frames_by in {"account", "organization"} and not block.campaign:
        count = max(count, min(OWN_FRAMES, accounts))
    languages = [random.choice(block.languages) if block.languages else "en" for _ in range(count)]
    if block.ladder >= 3:
        varied = [draw_paraphrases(block.use, random, language=lang, count=VARIANTS) for lang in languages]
        return make_frames([t for variants in varied for t in variants])
    return make_frames([draw_template(block.use, random, language=lang, layout=block.layout) for lang in languages])


def _spins() -> Pool:
    places = ("Lisbon", "Osaka", "Nairobi", "Quito", "Pune", "Bergen", "Austin", "Graz")
    return make_pool(
        [
            f" (case {100 + 7 * i}, {places[i % 8]}, variant {'abcdefghijkl'[i % 12]}{i % 97})"
            for i in range(SPINS * SPINS)
        ]
    )


def noise(session: U64, turn: I64, salt: int) -> np.ndarray:
    """Return an even draw for each call."""
    return unit(pair(session, turn, salt))
