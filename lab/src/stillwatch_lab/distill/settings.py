"""Every setting of a distillation: name, default, meaning."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.losses.divergences import require_beta
from stillwatch_lab.models.folders import DTYPES


class Method(StrEnum):
    """What the student is trained on."""

    SEQUENCE = "sequence"
    """The teacher's text: cross-entropy (Kim and Rush 2016, arXiv 1606.07947). Needs nothing but answers."""
    LOGITS = "logits"
    """The teacher's distributions at each token of its own text (Hinton et al. 2015, arXiv 1503.02531)."""
    ON_POLICY = "on-policy"
    """The teacher's distributions at each token of the student's text (GKD, arXiv 2306.13649)."""


COUNTS = ("draws", "max_new_tokens", "steps", "batch_size", "max_length", "evaluate_every", "checkpoint_every")


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """One distillation. Raises LabSettingsError where a value is out of range or at odds with another."""

    method: Method = Method.SEQUENCE
    beta: float = 0.0
    """0 forward KL, 1 reverse KL, between: generalised Jensen-Shannon. ``logits`` and ``on-policy`` only."""
    top_k: int | None = None
    """Know the k likeliest tokens and one bucket for the rest; none = the whole distribution (folders only)."""
    temperature: float = 1.0
    """Of both distributions in the loss; whole distributions only."""
    on_policy_share: float = 0.5
    """Share of ``on-policy`` steps on the student's own text, the others are on the teacher's (0.5 as in TRL)."""
    reasoning: bool = True
    """Train on the teacher's reasoning where it gives it, in front of the answer."""

    queries: int | None = None
    """Answers asked for: the first prompts of the file are used. None = every prompt, ``draws`` times."""
    draws: int = 1
    """Answers sampled for each prompt."""
    sampling_temperature: float = 1.0
    """At which teacher (and, on-policy, student) sample; 0 = always the likeliest token."""
    max_new_tokens: int = 256

    steps: int = 1000
    batch_size: int = 32
    micro_batch: int | None = None
    """Rows in memory at once; the gradient is the whole batch's either way."""
    max_length: int = 1024
    """Tokens of prompt and completion; what is longer is cut."""
    learning_rate: float | None = None
    """Peak. None = 2e-3 for a student from scratch (the lab's pilot), 2e-5 for one that exists, 2e-4 with LoRA."""
    warmup_steps: int = 100
    """Of linear rise; cosine fall to 5 % of the peak afterwards."""
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    lora_rank: int = 0
    """Train adapters of this rank on every linear layer (PEFT) and merge them at the end; 0 = train everything."""

    held_out: float = 0.05
    """Share of the prompts that only measure: the attacker's own way to see a plateau, without ground truth."""
    evaluate_every: int = 50
    patience: int = 0
    """Stop after this many evaluations without a better held-out loss; 0 = never."""
    checkpoint_every: int = 100

    seed: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    """bfloat16 = automatic mixed precision, with weights and optimiser in float32."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", Method(self.method))
        require_beta(self.beta)
        for name in ("on_policy_share", "held_out"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a share, 0 to 1")
        for name in (
            "draws",
            "max_new_tokens",
            "steps",
            "batch_size",
            "max_length",
            "evaluate_every",
            "checkpoint_every",
        ):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("top_k", "micro_batch", "queries"):
            value = getattr(self, name)
            _require(value is None or value >= 1, name, value, "at least 1, or none")
        _require(self.temperature > 0, "temperature", self.temperature, "above 0")
        _require(self.sampling_temperature >= 0, "sampling_temperature", self.sampling_temperature, "0 or more")
        _require(self.dtype in DTYPES, "dtype", self.dtype, " or ".join(DTYPES))
        self._require_consistency()

    def _require_consistency(self) -> None:
        if self.top_k and self.temperature != 1:
            raise LabSettingsError("top_k needs temperature 1: the bucket for the rest cannot be sharpened")
        if self.method is not Method.SEQUENCE and not self.reasoning:
            raise LabSettingsError(
                f"method {self.method} needs the reasoning: the teacher's distributions hold for the text it wrote. "
                "Use sequence to train on answers alone"
            )

    def to_dict(self) -> dict[str, Any]:
        """Give every setting by its name."""
        return asdict(self)


def settings_names() -> list[str]:
    """Name every setting, in order."""
    return [field.name for field in fields(DistillSettings)]


def _require(holds: bool, name: str, value: object, wanted: str) -> None:  # noqa: FBT001  (the check itself)
    if not holds:
        raise LabSettingsError(f"{name} = {value}: give {wanted}")
