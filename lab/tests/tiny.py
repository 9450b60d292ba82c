"""Models small enough to be made in a test: a teacher that adds digits, and prompts for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from stillwatch_lab.distill.rows import Row, make_batch
from stillwatch_lab.losses.divergences import token_nll
from stillwatch_lab.losses.reduce import mean_loss
from stillwatch_lab.models.folders import LanguageModel, new_model, write_model
from stillwatch_lab.models.tokenizers import byte_tokenizer

SUMS = [(a, b) for a in range(10) for b in range(10)]


def prompt(a: int, b: int) -> str:
    return f"{a}+{b}="


def write_prompts(path: Path, count: int = len(SUMS)) -> Path:
    path.write_text("".join(f"{prompt(a, b)}\n" for a, b in SUMS[:count]), encoding="utf-8")
    return path


def adder(configuration: str = "tiny-llama", *, steps: int = 150, seed: int = 1) -> LanguageModel:
    """Train a model to write the sum of two digits in words of one reasoning step."""
    tokenizer = byte_tokenizer()
    it = new_model(configuration, tokenizer, seed=seed)
    rows = [row(tokenizer, prompt(a, b), f"{a + b}") for a, b in SUMS]
    batch = make_batch(rows, pad=it.pad, max_length=64, device="cpu")
    optimizer = torch.optim.AdamW(it.model.parameters(), lr=3e-3)
    for _ in range(steps):
        logits = it.model(batch.tokens, attention_mask=batch.attention).logits[:, :-1]
        mean_loss(token_nll(logits, batch.tokens[:, 1:]), batch.completion).backward()
        optimizer.step()
        optimizer.zero_grad()
    return it


def row(tokenizer: Any, asked: str, answer: str) -> Row:
    before = tokenizer(asked).input_ids
    return Row((*before, *tokenizer(answer).input_ids, tokenizer.eos_token_id), len(before))


def write_adder(folder: Path, **how: Any) -> Path:
    """Write such a teacher with a card that permits to use it."""
    write_model(adder(**how), folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    return folder
