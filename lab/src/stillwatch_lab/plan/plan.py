"""One plan: what is asked for, what it costs, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.plan.assumptions import Assumptions, Gpu, Model, Price
from stillwatch_lab.plan.costs import (
    BYTES_PER_KEPT_LOGPROB,
    BYTES_PER_PARAMETER_TRAINED,
    FLOP_PER_PARAMETER_TRAINED,
    Harvest,
    gpu_hours,
    gpus_needed,
    own_generation_hours,
    reading_flop,
    training_bytes,
    training_flop,
)
from stillwatch_lab.plan.limits import AccountLimits, accounts_at_once, accounts_used_up, days_needed

METHODS = ("sequence", "logits", "on-policy")


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What somebody wants to distil, and under which limits."""

    price: Price
    teacher: Model | None
    """Its size, where it is known: for what scoring costs whoever serves it."""
    student: Model
    gpu: Gpu
    harvest: Harvest
    method: str = "sequence"
    epochs: float = 3.0
    """Passes over the answers: Open-R1 made 5, most fine-tunings 2 to 3."""
    top_k: int = 20
    """Log-probabilities kept for each token (``logits``): what OpenAI's API gives at most."""
    batch_tokens: int = 16_384
    """At once on each copy of the student: what its activations need memory for."""
    limits: AccountLimits = field(default_factory=AccountLimits)
    accounts: int = 1
    days: float = 30.0
    """In which the harvest must be done, for the accounts that this takes."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise LabSettingsError(f"method {self.method}: give one of {', '.join(METHODS)}")
        for name in ("epochs", "accounts", "days", "batch_tokens", "top_k"):
            if getattr(self, name) <= 0:
                raise LabSettingsError(f"{name} = {getattr(self, name)}: give more than 0")
        if self.harvest.queries < 1 or not 0 <= self.harvest.cached_share <= 1:
            raise LabSettingsError("give at least one query, and a cached share from 0 to 1")


@dataclass(frozen=True)
class Plan:
    """What it costs. Money in US dollars, time in hours or days, memory in bytes."""

    queries: int
    input_tokens: float
    output_tokens: float
    api_usd: float
    api_usd_discounted: float
    logprob_bytes: float
    training_tokens: float
    training_flop: float
    training_gpu_hours: float
    generation_gpu_hours: float
    """Of the student, on-policy only."""
    teacher_scoring_flop: float
    """On-policy only: what the teacher reads, on whoever's machines it runs."""
    gpu_usd: float
    memory_bytes: float
    gpus_for_memory: int
    total_usd: float
    days: float
    accounts_at_once: int
    accounts_used_up: int
    accounts_usd: float

    def to_dict(self) -> dict[str, Any]:
        """Give every figure by its name."""
        return asdict(self)


def make_plan(request: PlanRequest, assumed: Assumptions) -> Plan:
    """Reckon a plan."""
    asked, rates, limits = request.harvest, assumed.rates, request.limits
    trained = (asked.input_tokens + asked.output_tokens) * request.epochs
    flop = training_flop(request.student, trained)
    training_hours = gpu_hours(flop, request.gpu, rates.training_utilisation)
    # On-policy the student writes and the teacher reads every answer anew in every epoch.
    own = asked.output_tokens * request.epochs if request.method == "on-policy" else 0.0
    scored = trained if request.method == "on-policy" else 0.0
    generation_hours = own_generation_hours(request.student, own, request.gpu, rates)
    bill = _bill(request)
    gpu_usd = (training_hours + generation_hours) * request.gpu.usd_per_hour
    memory = training_bytes(request.student, batch_tokens=request.batch_tokens)
    used_up = accounts_used_up(bill, limits, accounts=request.accounts)
    api_usd = bill.usd(request.price)
    return Plan(
        queries=bill.queries,
        input_tokens=bill.input_tokens,
        output_tokens=bill.output_tokens,
        api_usd=api_usd,
        api_usd_discounted=api_usd * (1 - request.price.discount),
        logprob_bytes=asked.output_tokens * request.top_k * BYTES_PER_KEPT_LOGPROB if request.method == "logits" else 0,
        training_tokens=trained,
        training_flop=flop,
        training_gpu_hours=training_hours,
        generation_gpu_hours=generation_hours,
        teacher_scoring_flop=reading_flop(request.teacher, scored) if request.teacher else 0.0,
        gpu_usd=gpu_usd,
        memory_bytes=memory,
        gpus_for_memory=gpus_needed(memory, request.gpu),
        total_usd=api_usd + gpu_usd + used_up * limits.usd_an_account,
        days=days_needed(bill, limits, accounts=request.accounts),
        accounts_at_once=accounts_at_once(bill, limits, days=request.days),
        accounts_used_up=used_up,
        accounts_usd=used_up * limits.usd_an_account,
    )


def _bill(request: PlanRequest) -> Harvest:
    """Say what the host sees: on-policy, prompts with the student's text to score, anew in every epoch."""
    asked = request.harvest
    if request.method != "on-policy":
        return asked
    return Harvest(
        queries=round(asked.queries * request.epochs),
        prompt_tokens=asked.prompt_tokens + asked.answer_tokens,
        answer_tokens=1.0,  # APIs write at least one token
    )


def make_examples(request: PlanRequest, assumed: Assumptions) -> Iterator[tuple[str, Plan]]:
    """Reckon the same plan at the sizes of published harvests."""
    for example in assumed.examples:
        yield (
            example.name,
            make_plan(replace(request, harvest=replace(request.harvest, queries=example.queries)), assumed),
        )


def say_assumptions(request: PlanRequest, assumed: Assumptions) -> list[str]:
    """Write out what the figures rest on."""
    asked, price, gpu, rates = request.harvest, request.price, request.gpu, assumed.rates
    student = request.student
    lines = [
        (
            f"list prices of {price.host} read {assumed.read_on}, US dollars per million tokens: {price.input:g} in, "
            f"{price.cached_input:g} cached, {price.output:g} out ({price.source})"
        ),
        (
            f"{asked.prompt_tokens:,.0f} tokens a prompt, {asked.answer_tokens:,.0f} an answer, "
            f"{asked.cached_share:.0%} of the prompts cached, nothing thrown away"
        ),
        (
            f"student of {student.parameters:.3g} parameters, {student.used:.3g} used for a token "
            f"({student.source}); {request.epochs:g} epochs on prompts and answers"
        ),
        (
            f"training takes {FLOP_PER_PARAMETER_TRAINED} FLOP a parameter and token, at "
            f"{rates.training_utilisation:.0%} of {gpu.peak:.3g} FLOP/s; a GPU is {gpu.usd_per_hour:g} dollars an hour "
            f"({gpu.source})"
        ),
        (
            f"{BYTES_PER_PARAMETER_TRAINED} bytes a parameter (mixed precision, Adam), sharded evenly; "
            f"{request.batch_tokens:,} tokens at once, activations recomputed"
        ),
    ]
    if request.method == "on-policy":
        lines.append(
            f"on-policy: the student writes at {rates.generation_utilisation:.0%} of the peak; the host scores each "
            "text as a prompt, which few hosts do"
        )
    if not (student.layers and student.hidden and student.vocabulary):
        lines.append("the student's shape is unknown: activations and logits are not in the memory")
    return lines
