"""The vocabulary of Chinese names, read from ``han_words.txt``."""

from __future__ import annotations

from importlib import resources
from types import MappingProxyType

Said = tuple[tuple[str, ...], ...]
"""Alternatives, each of one or more words that must all be there; an empty one: it may be left out."""


def _sections() -> list[list[str]]:
    text = resources.files("stillwatch.registry.screening").joinpath("han_words.txt").read_text(encoding="utf-8")
    sections: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            sections.append([])
        elif line.strip() and not line.startswith("#"):
            sections[-1].append(line.strip("\n"))
    return sections


def _words(lines: list[str]) -> dict[str, Said]:
    table = {}
    for line in lines:
        word, _, said = line.partition(" ")
        table[word] = tuple(tuple(part.split()) for part in said.split("|"))
    return table


_legal, _places, _kinds, _surnames = _sections()
LEGAL = tuple(_legal)
"""Legal forms and their like, the longest first; they say little about who is meant."""
PLACE_WORDS = MappingProxyType(_words(_places))
KIND_WORDS = MappingProxyType(_words(_kinds))
SURNAMES_BEFORE = frozenset("".join(_surnames))
"""First characters of surnames: two to four characters that begin so and hold no institution's word are a person's."""
LONGEST = max(map(len, (*PLACE_WORDS, *KIND_WORDS, *LEGAL)))
GENERIC = frozenset(word for said in KIND_WORDS.values() for one in said for word in one)
"""English words of kinds: alone they name nobody."""
PLACE_NAMES = frozenset(word for said in PLACE_WORDS.values() for one in said for word in one)
