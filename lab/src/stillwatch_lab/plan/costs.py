"""What a harvest, a training and its memory cost: formulas, each with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stillwatch_lab.plan.assumptions import Gpu, Model, Price, Rates

FLOP_PER_PARAMETER_TRAINED = 6
"""A token: 2 forward, 4 backward (Kaplan et al. 2020, arXiv 2001.08361); attention itself, a few % at 4k, left out.
Recomputed activations are in the utilisation, as in PaLM's definition of model FLOP utilisation."""
FLOP_PER_PARAMETER_READ = 2
"""A token forward only: generation and scoring."""
BYTES_PER_PARAMETER_TRAINED = 16
"""bfloat16 weights and gradients, float32 weights and two Adam moments: 2+2+4+4+4 (ZeRO, arXiv 1910.02054)."""
BYTES_PER_PARAMETER_SERVED = 2
"""bfloat16 weights."""
BYTES_PER_ACTIVATION = 2
"""bfloat16; with recomputation a layer keeps its input alone (Korthikanti et al. 2022, arXiv 2205.05198)."""
BYTES_PER_LOGIT = 8
"""float32 logits and their gradient; a fused loss needs less."""
USABLE_MEMORY = 0.9
"""Share of a GPU's memory: the rest is fragments, buffers and the driver's."""
BYTES_PER_KEPT_LOGPROB = 6
"""A token's number (4) and a half-precision log-probability (2); DistillKit compresses to about 2.3."""
SECONDS_PER_HOUR = 3600
MILLION = 1e6


@dataclass(frozen=True)
class Harvest:
    """What is asked for: answers, and mean tokens of each."""

    queries: int
    prompt_tokens: float
    answer_tokens: float
    cached_share: float = 0.0
    """Of the prompts' tokens that the host bills as cached: a shared preamble."""

    @property
    def input_tokens(self) -> float:
        """Tokens sent."""
        return self.queries * self.prompt_tokens

    @property
    def output_tokens(self) -> float:
        """Tokens received."""
        return self.queries * self.answer_tokens

    def usd(self, price: Price) -> float:
        """Price at the list, without discount."""
        cached = self.input_tokens * self.cached_share
        fresh = self.input_tokens - cached
        return (fresh * price.input + cached * price.cached_input + self.output_tokens * price.output) / MILLION


def training_flop(model: Model, tokens: float) -> float:
    """Floating-point operations to train on so many tokens, prompts included."""
    return FLOP_PER_PARAMETER_TRAINED * model.used * tokens


def reading_flop(model: Model, tokens: float) -> float:
    """Floating-point operations to generate or score so many tokens."""
    return FLOP_PER_PARAMETER_READ * model.used * tokens


def gpu_hours(flop: float, gpu: Gpu, utilisation: float) -> float:
    """Hours of one GPU, or of several together."""
    return flop / (gpu.peak * utilisation) / SECONDS_PER_HOUR


def training_bytes(model: Model, *, batch_tokens: int) -> float:
    """Memory to train everything with Adam, ``batch_tokens`` at once in each copy, activations recomputed."""
    state = BYTES_PER_PARAMETER_TRAINED * model.parameters
    activations = batch_tokens * (model.hidden or 0) * (model.layers or 0) * BYTES_PER_ACTIVATION
    logits = batch_tokens * (model.vocabulary or 0) * BYTES_PER_LOGIT
    return state + activations + logits


def gpus_needed(memory_bytes: float, gpu: Gpu) -> int:
    """Count the GPUs that hold so much, sharded evenly (ZeRO-3, FSDP)."""
    return math.ceil(memory_bytes / (gpu.memory * USABLE_MEMORY))


def own_generation_hours(student: Model, tokens: float, gpu: Gpu, rates: Rates) -> float:
    """GPU hours in which a student writes so many tokens."""
    return gpu_hours(reading_flop(student, tokens), gpu, rates.generation_utilisation)
