"""The loss of one batch, by the method."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor

from stillwatch_lab.distill.rows import Batch, Row
from stillwatch_lab.distill.samples import Job
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Teacher
from stillwatch_lab.losses.divergences import full_divergence, token_nll
from stillwatch_lab.losses.tail import TopK, tail_divergence
from stillwatch_lab.models.folders import DTYPES, LanguageModel
from stillwatch_lab.models.sampling import complete, equal_lengths, mixed


def token_losses(student: LanguageModel, batch: Batch, teacher: Teacher, settings: DistillSettings) -> Tensor:
    """Loss at each position of the batch, [rows, time - 1], those outside the completions included."""
    half = DTYPES[settings.dtype] is torch.bfloat16
    with torch.autocast(student.device.type, dtype=torch.bfloat16) if half else nullcontext():
        logits = student.model(batch.tokens, attention_mask=batch.attention).logits[:, :-1]
    logits = logits.float()
    if settings.method is Method.SEQUENCE:
        return token_nll(logits, batch.tokens[:, 1:])
    known = batch.top or teacher.distributions(batch)
    if isinstance(known, TopK):
        return tail_divergence(logits, known, beta=settings.beta)
    # Embeddings are often wider than the vocabulary, by another margin in each size of a model family.
    width = len(student.tokenizer)
    return full_divergence(
        logits[..., :width], known[..., :width], beta=settings.beta, temperature=settings.temperature
    )


def own_rows(student: LanguageModel, prompts: list[tuple[int, ...]], settings: DistillSettings, step: int) -> list[Row]:
    """Let the student answer the prompts itself, for a step of on-policy distillation."""
    rows: list[Row] = []
    for group in equal_lengths(prompts, size=settings.batch_size):
        completions = complete(
            student,
            [prompts[place] for place in group],
            max_new_tokens=settings.max_new_tokens,
            temperature=settings.sampling_temperature,
            seed=mixed(settings.seed, step, group[0]),
        )
        for place, (tokens, ended) in zip(group, completions, strict=True):
            end = (student.end,) if ended else ()
            rows.append(Row((*prompts[place], *tokens, *end), len(prompts[place])))
    return rows


def is_own_text(settings: DistillSettings, step: int) -> bool:
    """Toss the coin that says whether a step is on the student's own text."""
    if settings.method is not Method.ON_POLICY:
        return False
    resolution = 1 << 32
    return mixed(settings.seed, step, -1) % resolution < settings.on_policy_share * resolution


def needs_samples(settings: DistillSettings, jobs: list[Job], held_out: set[int]) -> list[Job]:
    """Leave of the jobs those whose answers are used: a purely on-policy run measures on its held-out prompts only."""
    if settings.method is Method.ON_POLICY and settings.on_policy_share == 1:
        return [job for job in jobs if job.number in held_out]
    return jobs
