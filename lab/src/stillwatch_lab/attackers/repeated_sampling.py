"""The counter-move to stripped log-probabilities: the same question several times."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest

SAMPLES = 4
"""Answers to one question: counts of them estimate the distribution that was stripped."""


@attacker("repeated-sampling", against="logprobs-stripped")
@dataclass(frozen=True)
class RepeatedSampling(Attacker):
    """A quarter of the questions, four answers each: cross-entropy on samples is that on their distribution."""

    def gather(self, order: Order) -> Harvest:
        """Ask each question several times and keep every answer."""
        few = ask_as_traffic(order._replace(queries=max(1, order.queries // SAMPLES)))
        return harvest(order, [question for question in few for _ in range(SAMPLES)][: order.queries])
