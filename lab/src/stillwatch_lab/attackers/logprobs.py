"""The attacker that asks for log-probabilities and trains on the distributions."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.attackers.attacker import Attacker, Order, ask_as_traffic, attacker, harvest
from stillwatch_lab.attackers.students import Harvest


@attacker("logprobs")
@dataclass(frozen=True)
class LogProbs(Attacker):
    """Logit distillation on what the host shows; text where it shows none."""

    def gather(self, order: Order) -> Harvest:
        """Ask with log-probabilities."""
        return harvest(order, ask_as_traffic(order), scored=True)
