"""What can be tested where weights are at hand, the host's, the suspect's and the controls'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.models.sampling import equal_lengths
from stillwatch_lab.provenance.lineage import Neurons, examine_lineage, read_neurons
from stillwatch_lab.provenance.outcomes import Outcome
from stillwatch_lab.provenance.representations import examine_representations
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.usage import Usage

TEXTS = 200
"""Texts on which inner states are compared: as many as REEF takes."""
AT_ONCE = 64
LONGEST = 256
"""Tokens of a text that are read: states are averaged over them, more add little."""


@dataclass(frozen=True)
class Inside:
    """A model's hidden neurons, and its last layer's state for each text, averaged over the text (texts, width).

    ``usage``: its probabilities of words in the host's text; none where it numbers words otherwise than the host.
    """

    neurons: Neurons
    states: Tensor
    usage: Usage | None = None


def open_inside(it: LanguageModel, texts: Sequence[str]) -> Inside:
    """Read weights and states. Each model reads the texts with its own tokenizer: vocabularies may differ."""
    neurons = read_neurons({name: weight.detach().cpu() for name, weight in it.model.state_dict().items()})
    return Inside(neurons, read_states(it, texts))


@torch.no_grad()
def read_states(it: LanguageModel, texts: Sequence[str]) -> Tensor:
    """Give the mean last state over each text's tokens; an empty text is read as the padding."""
    room = min(LONGEST, int(getattr(it.model.config, "max_position_embeddings", LONGEST)))
    rows = [tuple(it.tokenizer.encode(text, add_special_tokens=False)[:room]) or (it.pad,) for text in texts]
    found: dict[int, Tensor] = {}
    for places in equal_lengths(rows, size=AT_ONCE):
        ids = torch.tensor([rows[place] for place in places], device=it.device)
        states = it.model(ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states[-1]
        found |= dict(zip(places, states.float().mean(1).cpu(), strict=True))
    return torch.stack([found[place] for place in range(len(rows))])


def white_box_tests(
    mine: Inside, suspect: Inside, controls: Sequence[Inside], settings: Settings
) -> dict[str, Callable[[float], Outcome]]:
    """Prepare both tests: each waits for the share of alpha at which its power is stated."""
    return {
        "weight lineage": lambda alpha: examine_lineage(
            mine.neurons,
            suspect.neurons,
            alpha=alpha,
            kept=settings.kept,
            shuffles=settings.redrawn,
            seed=settings.seed,
        ),
        "representations": lambda alpha: examine_representations(
            mine.states, suspect.states, [control.states for control in controls], alpha=alpha
        ),
    }
