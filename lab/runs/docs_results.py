"""What the second setting shows: fidelity at equal queries, shared errors, the watermark.

    python -m runs.docs_results OUT results/docs.json

Judges whatever models OUT has; what is not trained is not in the result.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runs.docs_models import GREEN, KEYS, NO_END
from runs.docs_text import PLACES, VOCABULARY, DocsText, keep_docs
from runs.key_draws import count_false_finds
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.files import read_ensemble
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts

PROBES = 1_000
"""Continuations of 48 tokens that each model is asked for."""
REDRAWN = 1_000
"""Re-drawn keys: p-values down to 0.001."""
TRUE_KEYS = 200
T_POINTS = {5: 2.776, 9: 2.306}
"""95 % points of Student's t with n - 1 degrees of freedom, for means over n seeds."""


def main(out: Path, result: Path) -> None:
    """Judge what is there."""
    torch.set_num_threads(1)
    docs = keep_docs(out)
    teacher = read_ensemble(out / "teacher.safetensors")
    students = {p.stem: read_ensemble(p) for p in sorted(out.glob("*.safetensors")) if p.stem != "teacher"}
    rows = torch.from_numpy(_tile(docs))
    found = {
        "text_sha256": docs.digest,
        "tokens": {"read": len(docs.ids(docs.read)), "held_out": int(rows.numel()), "vocabulary": VOCABULARY},
        "weights": teacher.shape.weights,
        "suspects": {name: them.members for name, them in students.items()},
        "fidelity": fidelity(teacher, students, rows),
        "shared_errors": shared_errors(teacher, students, rows),
        "radioactivity": radioactivity(docs, teacher, students),
    }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _tile(docs: DocsText) -> Any:
    """Cut the held-out text into rows, the rest left off."""
    ids = docs.ids(docs.held_out)
    return ids[: len(ids) // PLACES * PLACES].reshape(-1, PLACES)


def _scores(models: Decoders, rows: Tensor) -> Tensor:
    """Give each member's log-probabilities (members, rows, places, vocabulary) of the words after the first."""
    return torch.cat([next_words(models.pick([member]), rows[None])[:, :, 1:] for member in range(models.members)])


def fidelity(teacher: Decoders, students: dict[str, Decoders], rows: Tensor) -> dict[str, Any]:
    """On held-out text: loss on the words, divergence from the teacher and agreement with it, mean over seeds."""
    own = _scores(teacher, rows)[0]
    found = {"teacher": {"loss": {"mean": _loss(own, rows)}}}
    for name, models in students.items():
        theirs = _scores(models, rows)
        found[name] = {
            "loss": _interval([_loss(one, rows) for one in theirs]),
            "divergence": _interval([float((own.exp() * (own - one)).sum(-1).mean()) for one in theirs]),
            "agreement": _interval([float((one.argmax(-1) == own.argmax(-1)).double().mean()) for one in theirs]),
        }
    return found


def _loss(scores: Tensor, rows: Tensor) -> float:
    return float(-scores.gather(-1, rows[:, 1:, None]).mean())


def shared_errors(teacher: Decoders, students: dict[str, Decoders], rows: Tensor) -> dict[str, Any]:
    """Where the teacher's likeliest word is not the text's: how often a model's likeliest is the same wrong one."""
    mine = _scores(teacher, rows)[0].argmax(-1)
    wrong = mine != rows[:, 1:]
    shares = {
        name: [float((one.argmax(-1) == mine)[wrong].double().mean()) for one in _scores(models, rows)]
        for name, models in students.items()
    }
    found: dict[str, Any] = {"wrong": int(wrong.sum()), "of": int(wrong.numel())}
    for name, them in shares.items():
        found[name] = {"shares": [round(share, 4) for share in them]}
        if name != "controls" and "controls" in shares:
            found[name]["rank_sum_p"] = rank_sum(them, shares["controls"])
    return found


def rank_sum(these: list[float], others: list[float]) -> float:
    """Give the exact one-sided p-value of Wilcoxon's rank-sum test, every division counted, ties against the claim."""
    pooled = sorted([*these, *others])
    places = [pooled.index(value) for value in these]
    sums = [sum(chosen) for chosen in combinations(range(len(pooled)), len(these))]
    return sum(one >= sum(places) for one in sums) / len(sums)


def radioactivity(docs: DocsText, teacher: Decoders, students: dict[str, Decoders]) -> dict[str, Any]:
    """Test marked students under their own keys, all others under fresh ones."""
    said = {
        name: [_continue(docs, models, member, seed=1 + member) for member in range(models.members)]
        for name, models in students.items()
    }
    plain_texts = _continue(docs, teacher, 0, seed=0)
    contexts = find_free_contexts(plain_texts, width=GREEN.width, vocabulary=VOCABULARY)
    plain = count_usage(plain_texts, contexts, vocabulary=VOCABULARY)
    usages = {
        name: [count_usage(texts, contexts, vocabulary=VOCABULARY) for texts in them] for name, them in said.items()
    }
    redrawn = mark_contexts(GREEN, 1, draw_keys(REDRAWN, seed="docs redrawn"), plain).values[1:].float()
    found: dict[str, Any] = {"contexts": len(contexts)}
    for name in [name for name in usages if name.startswith("marked-")]:
        tests = [
            find_radioactivity(_marks(key, redrawn, plain), usage)
            for key, usage in zip(KEYS, usages[name], strict=True)
        ]
        found[name] = {
            "p_values": [test.p_value for test in tests],
            "z": [round(test.statistic / test.null_spread, 2) for test in tests],
        }
    unmarked = {name: them for name, them in usages.items() if not name.startswith("marked-")}
    return found | count_false_finds(GREEN, {"unmarked": (plain, unmarked)}, keys=TRUE_KEYS, alpha=0.01)["unmarked"]


def _marks(key: int, redrawn: Tensor, plain: Usage) -> Marks:
    own = GREEN.marks(key, plain.contexts)[None]
    return Marks(torch.cat([own, redrawn]).double(), plain.shares)


def _continue(docs: DocsText, models: Decoders, member: int, *, seed: int) -> list[list[int]]:
    """Let one model go on with beginnings of held-out text, and keep what it said."""
    asked = docs.prompts(docs.held_out, PROBES, seed="probes")
    ids = torch.from_numpy(asked.ids)[None]
    how = Sampling(seed=seed, end=NO_END)
    said = sample(models.pick([member]), ids, torch.from_numpy(asked.prompts)[None], how)[0]
    start = int(asked.prompts[0]) - GREEN.width
    return [[int(i) for i in row[start:]] for row in said]


def _interval(values: list[float]) -> dict[str, float]:
    """Give the mean over seeds and half the width of its 95 % interval (Student's t)."""
    count, mean = len(values), sum(values) / len(values)
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (count - 1))
    half = T_POINTS[count] * spread / math.sqrt(count)
    return {"mean": round(mean, 4), "half_width": round(half, 4)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
