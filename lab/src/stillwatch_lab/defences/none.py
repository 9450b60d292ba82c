"""No defence: the text, the whole reasoning and every log-probability."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Defence, defence


@defence("none")
@dataclass(frozen=True)
class Undefended(Defence):
    """What all others are measured against."""

    misses = "everybody"
