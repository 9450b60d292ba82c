"""How much a template's own wording is that of a harvest, whatever is put into it.

Prompts are read call by call, template and inserted item together (detect/uses.py). An item that is a document, a
question with options or somebody's own words has cues that speak against a harvest; they say what was put in, not what
was asked. What the template itself says, all of its calls say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.detect.uses import PRIOR_CENTIBITS, WEIGHT_CENTIBITS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

IN_EVERY = 0.9
"""A cue in this share of a template's calls is the template's: one prompt in ten may be cut or reordered."""


def wording_bits(number: Ints, cues: Ints, calls: Ints, *, cells: int) -> Floats:
    """Score each cell's wording in bits, as ``detect.uses`` scores a call.

    A row says that cell ``number`` (0 to ``cells`` - 1) has so many ``calls`` with this combination of ``cues``. What
    speaks for a harvest counts by its share of the calls, for paraphrases and parts of a prompt ask for it in turn.
    What speaks against it counts only if it is IN_EVERY call.
    """
    total = np.maximum(np.bincount(number, weights=calls, minlength=cells), 1.0)
    score = np.full(cells, float(PRIOR_CENTIBITS))
    for cue, weight in WEIGHT_CENTIBITS.items():
        has = (cues & int(cue)) != 0
        share = np.bincount(number[has], weights=calls[has], minlength=cells) / total
        score += weight * (share if weight > 0 else np.where(share >= IN_EVERY, share, 0.0))
    return score / 100.0
