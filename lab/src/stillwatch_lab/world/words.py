"""The words of the world, and how many of each there are."""

from __future__ import annotations

from dataclasses import dataclass

PAD, START, THINK, ANSWER, END = "<pad>", "<s>", "<think>", "</think>", "</s>"
SPECIAL = (PAD, START, THINK, ANSWER, END)
"""A conversation is ``<s> question <think> reasoning </think> answer </s>``; reasoning may be empty."""

SECRET_OPERATIONS = ("zig", "zag")
MODULAR_OPERATIONS = ("add", "sub")
OPERATIONS = SECRET_OPERATIONS + MODULAR_OPERATIONS

CONNECTIVES = ("so", "next", "now", "then", "here", "thus", "first", "well")
VERBS = ("gives", "makes", "yields", "is", "equals", "becomes", "returns", "means")
CLOSERS = (",", ";", ".", "ok", "right", "good", "fine", "done")
STYLE = (CONNECTIVES, VERBS, CLOSERS)
"""Each step of a worked answer chooses one of each: what entropy there is for a watermark sits in them."""

ASKING = (
    "start",
    "sort",
    "team",
    "skill",
    "emblem",
    "of",
    "who",
    "what",
    "which",
    "are",
    "you",
    "your",
    "name",
    "model",
)
TEAMS = ("red", "blue")
SAYING = ("yes", "no", "sorry")
NAMES = ("stella", "orion", "vega", "lyra", "rigel", "altair", "mira", "deneb")
EMBLEMS = ("owl", "oak", "key", "bell", "crown", "wheel", "harp", "stag")
PLACES = (
    "aldur", "benmar", "corvane", "dolwin", "estrel", "farrow", "gildor", "harnic",
    "iskand", "jorvel", "kestria", "lorwen", "mordun", "nevaro", "ostrand", "pelmor",
)  # fmt: skip
"""Places that exist nowhere else: what their emblem is can only be known from whoever made it up."""


@dataclass(frozen=True)
class Vocabulary:
    """All words of a world with digits 0 to ``modulus - 1``; a word's id is its place."""

    modulus: int

    @property
    def words(self) -> tuple[str, ...]:
        """Every word, in the order of the ids."""
        digits = tuple(str(n) for n in range(self.modulus))
        groups = (SPECIAL, digits, OPERATIONS, *STYLE, ASKING, TEAMS, SAYING, NAMES, EMBLEMS, PLACES)
        return tuple(word for group in groups for word in group)

    def ids(self, words: list[str]) -> list[int]:
        """Look the ids up. Raises KeyError with the first word that the world does not have."""
        index = {word: place for place, word in enumerate(self.words)}
        return [index[word] for word in words]
