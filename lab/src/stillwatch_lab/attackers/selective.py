"""The counter-move to canaries: ask and keep nothing but the task."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.attackers.attacker import Attacker, Order, attacker, harvest
from stillwatch_lab.attackers.students import Harvest
from stillwatch_lab.world.questions import MIXTURE, draw_questions

TASKS = ("chain", "sort")


@attacker("selective", against="canaries")
@dataclass(frozen=True)
class Selective(Attacker):
    """Questions of the tasks in their proportions, so that a planted fact is never met."""

    def gather(self, order: Order) -> Harvest:
        """Ask for the tasks alone."""
        mixture = {kind: MIXTURE[kind] for kind in TASKS}
        return harvest(order, draw_questions(order.host.world, order.queries, seed=order.seed, mixture=mixture))
