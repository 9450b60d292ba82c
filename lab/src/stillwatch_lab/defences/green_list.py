"""Answers marked with the green-list watermark (KGW)."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Arm, Defence, defence
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.watermarks.kgw import GreenList
from stillwatch_lab.world.world import World


@defence("green-list")
@dataclass(frozen=True)
class GreenListMark(Defence):
    """Favour the words that a secret key makes green: students carry the mark on (docs/lab.md, provenance)."""

    misses = "who paraphrases: it slows nobody, and is there to be found afterwards"
    key: int = 15485863
    ratio: float = 0.5
    bias: float = 2.0

    def arm(self, teacher: Decoders, _world: World) -> Arm:
        """Mark with the key."""
        scheme = self.scheme(teacher)
        return lambda: scheme.processor(int(self.key))

    def scheme(self, teacher: Decoders) -> GreenList:
        """Give the watermark over the teacher's vocabulary."""
        return GreenList(teacher.shape.vocabulary, ratio=self.ratio, bias=self.bias)
