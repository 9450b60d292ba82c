"""One proof for many entries: the hashes of all subtrees that hold none of them.

Entries and hashes, taken from left to right, lead to the root; ``verify.py`` does that. For every fifth entry of a log
these are two hashes an entry, where single proofs have one for each level of the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from stillwatch.errors import EvidenceError
from stillwatch.evidence.tree import Subtree, range_hash


def prove_many(indices: Sequence[int], size: int, subtree: Subtree) -> Iterator[bytes]:
    """Yield the hashes that complete these entries to the root, in the order in which a walk from the left needs them.

    ``indices`` ascend. Raises EvidenceError if they do not, or lie outside the tree.
    """
    if any(a >= b for a, b in pairwise(indices)):
        raise EvidenceError("entries to prove: their indices do not ascend")
    if len(indices) and not 0 <= indices[0] <= indices[-1] < size:
        raise EvidenceError(f"entries to prove: a tree of {size} has entries 0 to {size - 1}")
    waiting, at = [(0, size)] if size else [], 0
    while waiting:
        low, high = waiting.pop()
        if at == len(indices) or indices[at] >= high:
            yield range_hash(low, high, subtree)
        elif high - low == 1:
            at += 1
        else:
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            waiting += [(middle, high), (low, middle)]
