"""Chinese names compared with Chinese and with Latin ones: words of institutions by meaning, proper names by sound."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.registry.screening.han_words import (
    GENERIC,
    KIND_WORDS,
    LEGAL,
    LONGEST,
    PLACE_NAMES,
    PLACE_WORDS,
    SURNAMES_BEFORE,
)
from stillwatch.registry.screening.libraries import library
from stillwatch.registry.screening.romanise import romanisations
from stillwatch.registry.screening.scripts import HAN

PROPER, PLACE, KIND, FORM = 1.0, 0.6, 0.45, 0.05
"""Weights of a proper name, a place, a kind (university, bank) and a legal form: of a thousand Chinese companies
nearly all share the form, a good part the kind and the city, hardly any the proper name."""
SOUNDS_ALIKE = 0.86
"""Least likeness of two spellings of a proper name: one letter in seven may differ, never the first."""
UNMATCHED = {PROPER: 0.45, PLACE: 0.85, KIND: 0.7, FORM: 1.0}
"""What is left of a score for each part without a counterpart: without a proper name it is below any threshold, without
two kinds (a normal university is not a university) as well."""
PARTIAL = 0.93
"""Factor where a part has no counterpart, so that one threshold fits these names and those of other scripts."""
SHORT = 4
"""Letters up to which spellings must be the same."""
STOP = frozenset({"of", "the", "and", "for", "in", "at", "on", "a", "de", "la"})
FORMS = frozenset(
    {"co", "ltd", "limited", "inc", "incorporated", "corp", "corporation", "company", "group", "holdings", "holding",
     "llc", "plc", "pte", "enterprise", "enterprises", "joint", "stock", "gmbh", "sa", "ag"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a Chinese name: its characters, weight, and what it may be in English; none: a proper name."""

    text: str
    weight: float
    said: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are, 0 to 1, and why, in words."""

    score: float
    why: str


@lru_cache(maxsize=65_536)
def segments(han: str) -> tuple[Segment, ...]:
    """Split a folded Chinese name: longest known words first, what is between them is proper."""
    text = han.replace(" ", "")
    if looks_like_person(text):
        return (Segment(text, PROPER),)
    found: list[Segment] = []
    proper = ""
    at = 0
    while at < len(text):
        known = _known(text, at)
        if known is None:
            proper += text[at]
            at += 1
            continue
        if proper:
            found.append(Segment(proper, PROPER))
            proper = ""
        found.append(known)
        at += len(known.text)
    return tuple([*found, Segment(proper, PROPER)] if proper else found)


def looks_like_person(text: str) -> bool:
    """Answer whether this is two to four characters that begin with a surname and hold no institution's word."""
    if not 2 <= len(text) <= 4 or text[0] not in SURNAMES_BEFORE or not all(HAN.match(c) for c in text):
        return False
    return not any(text[a:b] in KIND_WORDS or text[a:b] in PLACE_WORDS or text[a:b] in LEGAL
                   for a in range(len(text)) for b in range(a + 2, len(text) + 1))  # fmt: skip


def _known(text: str, at: int) -> Segment | None:
    for length in range(min(LONGEST, len(text) - at), 0, -1):
        word = text[at : at + length]
        # One character is a word only at the end, where kinds stand (…院, …港), or as a division (…省).
        if length == 1 and at + 1 < len(text) and word not in "省市县区":
            continue
        if word in LEGAL:
            return Segment(word, FORM, (("",),))
        if word in KIND_WORDS:
            return Segment(word, KIND, KIND_WORDS[word])
        if word in PLACE_WORDS:
            return Segment(word, FORM if word in "省市县区" else PLACE, PLACE_WORDS[word])
    return None


@lru_cache(maxsize=65_536)
def compare_han(left: str, right: str) -> Likeness:
    """Compare two folded Chinese names: character by character, for one other character is another name."""
    if left.replace(" ", "") == right.replace(" ", ""):
        return Likeness(1.0, "the same characters")
    mine, theirs = list(segments(left)), list(segments(right))
    shared = 0.0
    for one in list(mine):
        other = next((t for t in theirs if t.text == one.text), None)
        if other is not None:
            shared += one.weight + other.weight
            mine.remove(one)
            theirs.remove(other)
    total = sum(s.weight for s in (*segments(left), *segments(right)))
    score = shared / total
    score *= math.prod(UNMATCHED[s.weight] for s in (*mine, *theirs))
    return Likeness(score, f"differ in {', '.join(s.text for s in (*mine, *theirs))}")


@lru_cache(maxsize=65_536)
def compare_latin(han: str, tokens: tuple[str, ...]) -> Likeness:
    """Compare a folded Chinese name with the words of a Latin one."""
    left = [t for t in tokens if t not in STOP]
    why: list[str] = []
    matched, total = 0.0, 0.0
    lost: list[float] = []
    # Long words first: 理工大学 as a whole before 大学 alone.
    order = sorted(segments(han), key=lambda s: (not s.said, -len(s.text)))
    for segment in order:
        total += segment.weight
        taken = _take(segment, left)
        if taken is None:
            lost.append(segment.weight)
            continue
        matched += segment.weight
        if segment.weight > FORM:
            why.append(f"{segment.text} = {' '.join(taken)}")
    matched *= 2
    rest = [_weight(t) for t in left]
    score = matched / (matched / 2 + total + sum(rest)) if total else 0.0
    missing = [weight for weight in (*lost, *rest) if weight > FORM]
    score *= math.prod(UNMATCHED[weight] for weight in missing) * (PARTIAL if missing else 1.0)
    return Likeness(score, "; ".join(why))


def _take(segment: Segment, left: list[str]) -> list[str] | None:
    """Find the words that say this segment, take them out of ``left`` and return them; None if there are none."""
    if not segment.said:
        return _take_sound(segment.text, left)
    if segment.weight == FORM:
        taken = [t for t in left if t in FORMS]
        left[:] = [t for t in left if t not in FORMS]
        return taken
    for words in sorted(segment.said, key=len, reverse=True):
        if words and all(any(_same(w, t) for t in left) for w in words):
            return [left.pop(next(i for i, t in enumerate(left) if _same(w, t))) for w in words]
    return [] if () in segment.said else _take_sound(segment.text, left)


def _take_sound(han: str, left: list[str]) -> list[str] | None:
    """Find a run of words that spells these characters, in either order of family and given name."""
    spellings = romanisations(han)
    best: tuple[float, int, int] = (0.0, 0, 0)
    for first in range(len(left)):
        for last in range(first + 1, min(len(left), first + len(han) + 1) + 1):
            run = left[first:last]
            turned = "".join([*run[1:], run[0]]), "".join([run[-1], *run[:-1]])
            alike = max(_alike(s, w) for s in spellings for w in {"".join(run), *turned})
            best = max(best, (alike, first - last, first), key=lambda b: (b[0], b[1]))
    alike, length, first = best
    if alike < SOUNDS_ALIKE:
        return None
    taken = left[first : first - length]
    del left[first : first - length]
    return taken


@lru_cache(maxsize=262_144)
def _alike(spelling: str, word: str) -> float:
    if spelling == word:
        return 1.0
    longer = max(len(spelling), len(word))
    if longer <= SHORT or spelling[0] != word[0] or abs(len(spelling) - len(word)) > 2:
        return 0.0
    return 1.0 - int(library("rigour.text.distance").levenshtein(spelling, word)) / longer


def _same(word: str, token: str) -> bool:
    if word == token:
        return True
    return len(word) > SHORT and re.sub(r"(ies|s|al|ical)$", "", word) == re.sub(r"(ies|s|al|ical)$", "", token)


def _weight(token: str) -> float:
    if token in FORMS:
        return FORM
    if token in PLACE_NAMES:
        return PLACE
    return KIND if token in GENERIC else PROPER
