"""The counter-move to marks and canaries: half of what the student reads is from elsewhere."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.lessons import Lesson, Maker
from stillwatch_lab.world.transcripts import Transcripts, write_lessons
from stillwatch_lab.world.words import SECRET_OPERATIONS

ELSEWHERE = 1_000
"""Makers from here on are nobody's teacher or control."""


@attacker("dilution", against="green-list, tournament, canaries")
@dataclass(frozen=True)
class Dilution(Attacker):
    """As many lessons of public knowledge (nothing about the secret tables) as answers were harvested."""

    def gather(self, order: Order) -> Harvest:
        """Ask, and mix."""
        mine = harvest(order, ask_as_traffic(order)).rows
        clean = write_lessons(order.host.world, _public_lessons(order, len(mine.ids)))
        return Harvest(
            Transcripts(np.concatenate([mine.ids, clean.ids]), np.concatenate([mine.prompts, clean.prompts]))
        )


def _public_lessons(order: Order, count: int) -> list[Lesson]:
    maker = Maker(order.host.world, seed=ELSEWHERE + zlib.crc32(order.seed.encode()) % ELSEWHERE)
    found: list[Lesson] = []
    batch = 0
    while len(found) < count:
        lessons = maker.lessons(2 * count, seed=f"elsewhere {batch}")
        found += [lesson for lesson in lessons if not set(lesson.question) & set(SECRET_OPERATIONS)]
        batch += 1
    return found[:count]
