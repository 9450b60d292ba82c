"""The counter-move to a watermark: every free word chosen anew."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.paraphrase import paraphrase
from stillwatch_lab.world.transcripts import read_lessons, write_lessons


@attacker("paraphrasing", against="green-list, tournament")
@dataclass(frozen=True)
class Paraphrasing(Attacker):
    """Rewrite what was harvested before training on it: costs no query."""

    def gather(self, order: Order) -> Harvest:
        """Ask, and rewrite."""
        world = order.host.world
        rows = harvest(order, ask_as_traffic(order)).rows
        return Harvest(write_lessons(world, paraphrase(read_lessons(world, rows.ids), seed=order.seed)))
