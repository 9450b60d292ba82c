"""A teacher whose weights are at hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stillwatch_lab.distill.rows import Batch, render
from stillwatch_lab.distill.samples import Job, Sample, split_reasoning
from stillwatch_lab.distill.settings import DistillSettings
from stillwatch_lab.losses.tail import TopK, top_k
from stillwatch_lab.models.folders import LanguageModel, parameters
from stillwatch_lab.models.sampling import complete, equal_lengths, mixed


class FolderTeacher:
    """A model folder: gives text and whole distributions."""

    def __init__(self, it: LanguageModel, folder: Path, settings: DistillSettings) -> None:
        self.name = str(folder)
        self.tokenizer, self.room = it.tokenizer, it.room
        self._it, self._folder, self._settings = it, folder, settings
        self._it.model.eval()

    def batches(self, jobs: list[Job]) -> list[list[Job]]:
        """Put jobs together whose prompts are equally long in tokens."""
        prompts = [render(job.messages, self.tokenizer) for job in jobs]
        return [[jobs[p] for p in places] for places in equal_lengths(prompts, size=self._settings.batch_size)]

    def answer(self, batch: list[Job]) -> list[Sample]:
        """Sample an answer to each job, from random numbers that the first job's place in the file seeds."""
        prompts = [render(job.messages, self.tokenizer) for job in batch]
        number, draw = batch[0].key
        completions = complete(
            self._it,
            prompts,
            max_new_tokens=self._settings.max_new_tokens,
            temperature=self._settings.sampling_temperature,
            seed=mixed(self._settings.seed, number, draw),
        )
        return [
            self._sample(job, len(prompt), *done) for job, prompt, done in zip(batch, prompts, completions, strict=True)
        ]

    def _sample(self, job: Job, prompt_tokens: int, tokens: tuple[int, ...], ended: bool) -> Sample:  # noqa: FBT001
        reasoning, answer = split_reasoning(self._it.tokenizer.decode(tokens))
        return Sample(
            number=job.number,
            draw=job.draw,
            messages=job.messages,
            answer=answer,
            reasoning=reasoning,
            ended=ended,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(tokens) + ended,
            tokens=tokens,
        )

    @torch.no_grad()
    def distributions(self, batch: Batch) -> Tensor | TopK:
        """Give whole distributions, or what an API would leave of them."""
        logits: Tensor = self._it.model(batch.tokens, attention_mask=batch.attention).logits[:, :-1].float()
        return top_k(logits, self._settings.top_k) if self._settings.top_k else logits

    def close(self) -> None:
        """Hold nothing open."""

    def describe(self) -> dict[str, Any]:
        """Say which weights these are: the hash is over the weight files, in order of their names."""
        digest = hashlib.sha256()
        for path in sorted(self._folder.glob("*.safetensors")):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return {
            "kind": "model folder",
            "name": self.name,
            "architecture": self._it.model.config.model_type,
            "parameters": parameters(self._it.model),
            "weights_sha256": digest.hexdigest(),
        }
