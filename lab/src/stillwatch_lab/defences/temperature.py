"""A higher temperature: the control for everything that makes answers worse on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.defences.defence import Defence, defence


@defence("temperature")
@dataclass(frozen=True)
class Temperature(Defence):
    """Draw words at ``degree`` instead of 1. Whatever poisons answers has to beat it at equal served accuracy."""

    misses = "who asks several times and keeps what most answers agree on"
    degree: float = 1.5

    @property
    def temperature(self) -> float:
        """Draw at the chosen degree."""
        return self.degree
