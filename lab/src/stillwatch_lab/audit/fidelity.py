"""How close a student's distributions are to its teacher's, word by word, on what the teacher says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.models.tokenizers import require_same_vocabulary
from stillwatch_lab.respondents.folder import FolderRespondent

BINS = 10
"""Of equal width, for the expected calibration error (Guo et al. 2017)."""


@dataclass(frozen=True)
class Fidelity:
    """Means over the tokens of the teacher's own replies.

    ``divergence``: KL of the student from the teacher, in nats. ``top_1``: share of places at which both have the
    same likeliest token. ``teacher_calibration``, ``student_calibration``: expected calibration error, how far
    confidence in the likeliest token is from how often the teacher says it.
    """

    tokens: int
    divergence: float
    top_1: float
    teacher_calibration: float
    student_calibration: float


@torch.no_grad()
def find_fidelity(
    teacher: FolderRespondent, student: FolderRespondent, prompts: Sequence[str], said: Sequence[tuple[int, ...]]
) -> Fidelity:
    """Compare both on what the teacher ``said`` to ``prompts``, in tokens.

    Raises ModelError where the vocabularies differ.
    """
    require_same_vocabulary(teacher.model.tokenizer, student.model.tokenizer)
    ours, theirs, words = [], [], []
    for prompt, tokens in zip(prompts, said, strict=True):
        start = teacher.encode_prompt(prompt)
        given, there = len(start), torch.tensor([[*start, *tokens]])
        ours.append(_scores(teacher, there)[0, given - 1 : -1])
        theirs.append(_scores(student, there)[0, given - 1 : -1])
        words.append(there[0, given:])
    p, q, word = torch.cat(ours), torch.cat(theirs), torch.cat(words)
    return Fidelity(
        tokens=len(word),
        divergence=float((p.exp() * (p - q)).sum(-1).mean()),
        top_1=float((p.argmax(-1) == q.argmax(-1)).double().mean()),
        teacher_calibration=calibration_error(p, word),
        student_calibration=calibration_error(q, word),
    )


def calibration_error(log_probs: Tensor, words: Tensor) -> float:
    """Give the expected calibration error of the likeliest word over ``BINS`` bins of confidence."""
    confidence, likeliest = log_probs.exp().max(-1)
    right = (likeliest == words).double()
    places = (confidence * BINS).long().clamp(max=BINS - 1)
    error = 0.0
    for place in range(BINS):
        here = places == place
        if bool(here.any()):
            error += float(here.double().mean() * (right[here].mean() - confidence[here].double().mean()).abs())
    return error


def _scores(it: FolderRespondent, ids: Tensor) -> Tensor:
    there = ids.to(it.model.device)
    logits = it.model.model(there, attention_mask=torch.ones_like(there)).logits
    return torch.log_softmax(logits.cpu().double(), -1)
