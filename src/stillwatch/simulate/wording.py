"""What calls say: items from pools, in templates, in conversations that carry their history along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.simulate.block import Block
from stillwatch.simulate.draws import I64, U64, below, join, mix
from stillwatch.simulate.grammar import expand_many
from stillwatch.simulate.party import Party
from stillwatch.simulate.pools import Pools
from stillwatch.simulate.schedule import Rows
from stillwatch.simulate.templates import Frames, Template, draw_paraphrases, draw_template, make_frames
from stillwatch.simulate.texts import POOL_OF_USE, Pool, make_pool, read_list, read_slots

LADDER_OF_PARAPHRASES = 3
VARIANTS = 40
"""Paraphrases of a template from ladder 3: within the 20 to 60 that a rewriting step would plausibly make."""

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

ASIDES = 104
"""Different remarks that people add to what they ask; half of the time they add none."""

SHOT_ANSWERS = ("(A)", "(B)", "(C)", "yes", "no", "42", "The answer is 18.", "unknown", "True", "Tuesday", "in 1923")
SHOT_CHARACTERS = 400
"""Longest worked example; few-shot prefixes of public benchmarks are 1,000 to 7,000 characters for 3 to 8 examples."""

SPINS = 48
"""Further variations of an item once a queue has gone through its whole pool: SPINS squared times as many items."""


@dataclass(frozen=True)
class Task:
    """What an operator works through: which share of the items (of how many), from which place, with which seed."""

    share: tuple[int, int]
    skip: int
    seed: int


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
    task: Task

    def item_numbers(self, rows: Rows) -> I64:
        """Return which item each call's session is about."""
        block, size = self.party.block, len(self.items)
        if block.items == "shard":
            return np.asarray(self.order[self.places(rows) % len(self.order)])
        origin = int(mix(np.array([self.task.seed]), 401)[0] % np.uint64(size))
        if block.items == "same":
            window = min(size, block.item_count or size)
            return np.asarray((origin + (rows.number % window)) % size)
        if block.items == "walk":  # evenly spaced, so that strangers do not read the same documents
            return np.asarray((origin + rows.who * size // len(self.party) + rows.number) % size)
        base = below(mix(self.party.person[rows.who], 402), size)
        width = np.maximum(1, np.minimum(size, block.item_count or size))
        return np.asarray((base + below(mix(rows.session, 403), width)) % size)

    def places(self, rows: Rows) -> I64:
        """Return each call's place in the queue of a campaign, counted over all its pools of accounts."""
        return rows.queued + self.task.skip

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
        if self.party.block.items == "shard":
            rounds = self.places(rows) // len(self.order)
            if rounds.max(initial=0):
                spun = _spins()
                item = pc.if_else(pa.array(rounds > 0), join(item, column(spun, rounds % len(spun))), item)
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


def make_wording(party: Party, pools: Pools, task: Task) -> Wording:
    """Give a party its items and templates."""
    kind = party.block.pool if party.block.pool != "distillation" else POOL_OF_USE.get(party.block.use, "distillation")
    items = pools.of(kind, task.seed)
    number, of = task.share
    mine = np.arange(number % len(items), len(items), of)
    return Wording(
        party=party,
        items=items,
        frames=_frames(party.block, len(party), pools, task.seed),
        followups=pools.of("followup"),
        answers=pools.of("answer"),
        results=pools.of("result"),
        order=np.random.default_rng([task.seed, 2]).permutation(mine),
        task=task,
    )


def _frames(block: Block, accounts: int, pools: Pools, seed: int) -> Frames:
    random = Random(f"wording {seed}")
    if not block.use:
        return _habits() if block.pool == "human" and not block.campaign else make_frames([Template("", "", "")])
    count = block.templates
    if block.frames_by in {"account", "organization"} and not block.campaign:
        count = max(count, min(OWN_FRAMES, accounts))
    languages = [random.choice(block.languages) if block.languages else "en" for _ in range(count)]
    if block.ladder >= LADDER_OF_PARAPHRASES:
        varied = [draw_paraphrases(block.use, random, language=lang, count=VARIANTS) for lang in languages]
        return make_frames([t for variants in varied for t in variants])
    drawn = [draw_template(block.use, random, language=lang, layout=block.layout) for lang in languages]
    if block.shots:
        drawn = [replace(t, head=_worked_examples(pools, random, block.shots) + t.head) for t in drawn]
    return make_frames(drawn)


@cache
def _habits() -> Frames:
    """Return what people put around what they ask: more ways than there are people in a small scenario."""
    asides = expand_many(read_list("aside"), read_slots(), count=ASIDES, random=Random("asides"))
    endings = [*ENDINGS * (ASIDES // len(ENDINGS)), *(f" {a}" for a in asides)]  # half of them say nothing more
    return make_frames([Template("", q, e) for q in QUIRKS for e in endings])


def _worked_examples(pools: Pools, random: Random, count: int) -> str:
    """Return the questions with answers that evaluation harnesses put in front, alike for all who run them."""
    asked = random.sample(range(len(items := pools.of("eval"))), min(count, len(items)))
    texts = [items.plain[i].as_py()[:SHOT_CHARACTERS] for i in asked]
    return "".join(f"Q: {text}\nA: {random.choice(SHOT_ANSWERS)}\n\n" for text in texts)


@cache
def _spins() -> Pool:
    places = ("Lisbon", "Osaka", "Nairobi", "Quito", "Pune", "Bergen", "Austin", "Graz")
    letters = "abcdefghijkl"
    return make_pool(
        [
            f" (case {100 + 7 * i}, {places[i % len(places)]}, variant {letters[i % len(letters)]}{i % 97})"
            for i in range(SPINS * SPINS)
        ]
    )
