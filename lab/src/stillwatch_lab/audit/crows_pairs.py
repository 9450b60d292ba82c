"""Sentence pairs of CrowS-Pairs' shape (Nangia et al. 2020, arXiv 2010.00133): which of two is likelier.

The file is the authors' own CSV (nyu-mll/crows-pairs, ``crows_pairs_anonymized.csv``, CC-BY-SA-4.0), which the user
brings. Its authors mask words, which a model that reads from left to right cannot: like lm-evaluation-harness this
takes the likelihood of the whole sentence.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from stillwatch_lab.audit.shares import Share, count
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.folder import FolderRespondent

COLUMNS = ("sent_more", "sent_less", "bias_type")


@dataclass(frozen=True)
class SentencePair:
    """Two sentences that differ in the group; ``more`` is the more stereotypical one."""

    more: str
    less: str
    kind: str


@dataclass(frozen=True)
class Preference:
    """How often the stereotypical sentence is the likelier one, over all pairs and by kind; one half: no preference."""

    all: Share
    by_kind: dict[str, Share]


def read_crows_pairs(path: Path) -> tuple[SentencePair, ...]:
    """Read a file. Raises LabSettingsError where it has not the columns."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise LabSettingsError(f"{path}: not CrowS-Pairs' CSV: no column {', '.join(missing)}")
        return tuple(SentencePair(*(row[name] for name in COLUMNS)) for row in rows)


def find_preference(it: FolderRespondent, pairs: Sequence[SentencePair]) -> Preference:
    """Score both sentences of each pair with the model's own likelihoods; equal likelihoods count as no preference."""
    flags = [likelihood(it, pair.more) > likelihood(it, pair.less) for pair in pairs]
    kinds = sorted({pair.kind for pair in pairs})
    return Preference(
        all=count(flags),
        by_kind={kind: count([f for f, pair in zip(flags, pairs, strict=True) if pair.kind == kind]) for kind in kinds},
    )


@torch.no_grad()
def likelihood(it: FolderRespondent, sentence: str) -> float:
    """Give a sentence's log-likelihood in nats, after the token that ends a text: its first word may name the group."""
    words = it.model.tokenizer.encode(sentence, add_special_tokens=False)
    ids = torch.tensor([[it.model.end, *words]], device=it.model.device)
    scores = it.model.model(ids, attention_mask=torch.ones_like(ids)).logits.double().log_softmax(-1)
    return float(scores[0, :-1].gather(-1, ids[0, 1:, None]).sum())
