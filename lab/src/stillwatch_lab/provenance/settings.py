"""What a host decides before it asks: error rate, effects, amounts."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch_lab.errors import LabSettingsError


@dataclass(frozen=True)
class Settings:
    """The registered choices.

    ``absorbed``: share of the watermark's rise in served text that a student shows. ``copied``: share of the host's
    errors that it repeats. ``recall``: share of canaries that it knows. ``kept``: mean cosine of a descendant's neurons
    with the host's. Each is the effect at which power is stated; the defaults are what this lab's own students and
    descendants exceed (docs/lab.md). ``redrawn`` keys, and as many shuffles of neurons, give p-values down to
    1/(redrawn + 1).
    """

    alpha: float = 0.01
    absorbed: float = 0.25
    copied: float = 0.5
    recall: float = 0.5
    kept: float = 0.25
    redrawn: int = 2_000
    temperature: float = 1.0
    max_tokens: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("alpha", "absorbed", "copied", "recall", "kept"):
            if not 0 < getattr(self, name) <= 1:
                raise LabSettingsError(f"{name} = {getattr(self, name)}: a share above 0, at most 1, is wanted")
        if (self.redrawn + 1) * self.alpha < 1:
            raise LabSettingsError(
                f"redrawn = {self.redrawn}: no p-value can be as small as alpha = {self.alpha}; draw more keys"
            )
