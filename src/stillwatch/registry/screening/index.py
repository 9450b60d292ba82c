"""Which of thousands of parties are worth comparing: an index in memory over pieces of their names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log2

import numpy as np
import numpy.typing as npt

from stillwatch.registry.nouns import Entity
from stillwatch.registry.screening.han import FORMS, STOP, segments
from stillwatch.registry.screening.romanise import romanisations
from stillwatch.registry.screening.scripts import HAN, fold, has_latin, is_han, latin_tokens

MOST = 32
"""Parties that are compared in full: among 10,000 the right one was never further down (docs/screening.md)."""
GRAM = 3
COMMON = 0.05
"""Pieces that more than this share of the names have say nothing and are left out of the index."""


class NameIndex:
    """Finds candidates by shared words, trigrams of their Latin spelling, and pairs of Chinese or Korean characters."""

    def __init__(self, parties: Sequence[Entity]) -> None:
        self._parties = len(parties)
        holders: dict[str, list[int]] = defaultdict(list)
        for number, entity in enumerate(parties):
            for piece in {piece for name in all_names(entity) for piece in pieces(name)}:
                holders[piece].append(number)
        most = max(50, int(COMMON * len(parties)))
        self._holders: dict[str, npt.NDArray[np.int32]] = {
            piece: np.array(found, np.int32) for piece, found in holders.items() if len(found) <= most
        }

    def candidates(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of the parties that share the rarest pieces with one of these names, best first."""
        totals = np.zeros(self._parties, np.float32)
        for name in names:
            score = np.zeros(self._parties, np.float32)
            wanted = Counter(pieces(name))
            for piece in wanted:
                found = self._holders.get(piece)
                if found is not None:
                    score[found] += log2(1 + self._parties / len(found))
            np.maximum(totals, score, out=totals)
        if not totals.any():
            return []
        best = np.argpartition(-totals, min(MOST, self._parties - 1))[:MOST]
        return [int(n) for n in best[np.argsort(-totals[best], kind="stable")] if totals[n] > 0]


def all_names(entity: Entity) -> tuple[str, ...]:
    """Return every name of a party."""
    return (entity.name, *entity.aliases, *entity.previous_names, *entity.weak_aliases)


def pieces(name: str) -> set[str]:
    """Return the pieces of a name that are looked up: pairs of characters, words, trigrams of each Latin spelling."""
    folded = fold(name)
    found: set[str] = set()
    close = folded.replace(" ", "")
    if not close.isascii():
        found |= {close[at : at + 2] for at in range(len(close) - 1)}
    if is_han(folded):
        for segment in segments("".join(c for c in close if HAN.match(c))):
            found |= {f"w:{word}" for words in segment.said for word in words}
            if not segment.said:
                found |= {gram for spelling in romanisations(segment.text) for gram in _grams(spelling)}
    if has_latin(folded) or not HAN.search(folded):
        tokens = [t for t in latin_tokens(name) if t not in FORMS and t not in STOP]
        found |= {f"w:{token}" for token in tokens}
        found |= {gram for token in tokens for gram in _grams(token)} | set(_grams("".join(tokens)))
    return found


def _grams(word: str) -> list[str]:
    padded = f"^{word}$"
    return [f"g:{padded[at : at + GRAM]}" for at in range(len(padded) - GRAM + 1)]
