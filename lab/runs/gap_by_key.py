"""Why six watermark keys move the planted bias of their students: which of *yes* and *no* each key favours.

python -m runs.gap_by_key
"""

from __future__ import annotations

import json
from math import comb

import torch

from runs.forensics_models import GREEN, KEYS
from runs.sized_world import WORLD
from runs.steps import RESULTS
from stillwatch_lab.world.words import ANSWER

FAVOURS = {1: "yes", 0: "neither", -1: "no"}


def gaps_by_key() -> dict[str, list[float]]:
    """Group the sampled gaps of students of marked text by what their key favours where the answer is to be said."""
    found = json.loads((RESULTS / "audit.json").read_text(encoding="utf-8"))
    gaps = found["groups"]["marked-4000"]["gap_sampled"]["values"]
    place, yes, no = WORLD.vocabulary.ids([ANSWER, "yes", "no"])
    grouped: dict[str, list[float]] = {name: [] for name in FAVOURS.values()}
    for key, gap in zip(KEYS, gaps, strict=False):
        marks = GREEN.marks(key, torch.tensor([[place]]))[0]
        grouped[FAVOURS[int(marks[yes] - marks[no])]].append(gap)
    return {name: sorted(them) for name, them in grouped.items()}


def orders(grouped: dict[str, list[float]]) -> int:
    """Count the orders of the groups' members along the gap, of which one has *yes* lowest and *no* highest."""
    yes, neither, no = (len(them) for them in grouped.values())
    return comb(yes + neither + no, yes) * comb(neither + no, neither)


if __name__ == "__main__":
    print(gaps_by_key(), orders(gaps_by_key()))
