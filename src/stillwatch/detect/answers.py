"""What an answer is: prior odds and findings, in bits, capped by family."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stillwatch.records import OWN_FAMILIES, Family

MAX_FAMILY_BITS = 12.0


@dataclass(frozen=True)
class Finding:
    """One piece of evidence: which measure, how many bits, and why in a sentence."""

    signal: str
    family: Family
    bits: float
    says: str


@dataclass(frozen=True)
class Answer:
    """Posterior odds in bits, with the findings they are the sum of (capped by family)."""

    prior: float
    findings: tuple[Finding, ...] = field(default=())

    def family_bits(self, family: Family) -> float:
        """Return the family's evidence, capped."""
        total = sum(f.bits for f in self.findings if f.family is family)
        return float(np.clip(total, -2 * MAX_FAMILY_BITS, MAX_FAMILY_BITS))

    @property
    def families(self) -> list[Family]:
        """The families that speak at all, in fixed order."""
        return [f for f in Family if any(x.family is f for x in self.findings)]

    @property
    def bits(self) -> float:
        """Posterior odds in bits."""
        return self.prior + sum(self.family_bits(f) for f in self.families)

    @property
    def supporting(self) -> list[Family]:
        """The families with at least one bit for it; what partners say is not among them."""
        return [f for f in self.families if f in OWN_FAMILIES and self.family_bits(f) >= 1.0]

    @property
    def own(self) -> Answer:
        """The answer without what partners say."""
        return Answer(self.prior, tuple(f for f in self.findings if f.family in OWN_FAMILIES))


def strength(coordination: Answer, distillation: Answer) -> float:
    """Return the weaker of the two answers, in bits: both must hold; no family supports coordination alone."""
    weaker = min(coordination.bits, distillation.bits)
    return weaker if len(coordination.supporting) >= 2 else min(weaker, -1.0)
