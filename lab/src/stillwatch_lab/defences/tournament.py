"""Answers marked with the tournament watermark (SynthID-Text)."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Arm, Defence, defence
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.watermarks.synthid import Tournament
from stillwatch_lab.world.world import World


@defence("tournament")
@dataclass(frozen=True)
class TournamentMark(Defence):
    """Choose words by a keyed tournament, which leaves their distribution as it was on average over keys."""

    misses = "who paraphrases; and a student need not carry it on"
    key: int = 15485863

    def arm(self, teacher: Decoders, _world: World) -> Arm:
        """Mark with the key; the processor remembers the contexts of its batch."""
        scheme = Tournament(teacher.shape.vocabulary)
        return lambda: scheme.processor(int(self.key))
