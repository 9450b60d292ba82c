"""The naive attacker: asks what everybody asks and trains on the text."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest


@attacker("text")
@dataclass(frozen=True)
class Text(Attacker):
    """Sequence-level distillation."""

    def gather(self, order: Order) -> Harvest:
        """Ask, and keep everything."""
        return harvest(order, ask_as_traffic(order))
