"""Two names compared, whatever their scripts; and whether a name is too weak to mean anything alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.registry.nouns import Entity, Kind
from stillwatch.registry.screening import latin
from stillwatch.registry.screening.han import FORMS, PROPER, Likeness, compare_han, compare_latin, segments
from stillwatch.registry.screening.han_words import GENERIC, PLACE_NAMES
from stillwatch.registry.screening.scripts import HAN, HANGUL, fold, has_latin, is_han, is_hangul, latin_tokens

KOREAN_FORMS = ("주식회사", "유한회사", "유한책임회사", "합자회사", "재단법인", "사단법인", "그룹")
OTHER_SYLLABLE = 0.3
"""Where one syllable of a Korean name differs it is another name: 김종은 is not 김정은."""
SHORT_NAME = 5
"""Letters of a single word up to which it is weak: such words are in many companies' names."""
SHORT_HAN = 2
"""Characters of a proper name up to which it is weak: there are some 3,000 common characters, 400 syllables."""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How alike two names are and why; a weak one needs a second attribute."""

    score: float
    why: str
    weak: bool = False


@lru_cache(maxsize=262_144)
def compare_names(query: str, listed: str, kind: Kind) -> NameMatch:
    """Compare a customer's name with a listed one."""
    mine, theirs = fold(query), fold(listed)
    weak = is_weak(theirs)
    if mine == theirs:
        return NameMatch(1.0, "the same name", weak)
    if is_han(mine) and is_han(theirs):
        return _match(compare_han(_han_part(mine), _han_part(theirs)), weak=weak)
    if is_han(mine) and has_latin(theirs):
        return _by_sound(_han_part(mine), theirs, weak=weak)
    if is_han(theirs) and has_latin(mine):
        return _by_sound(_han_part(theirs), mine, weak=weak)
    if is_hangul(mine) and is_hangul(theirs):
        return _match(_compare_hangul(mine, theirs), weak=weak)
    return _match(latin.compare(query, listed, kind), weak=weak)


def prepare(entities: Iterable[Entity]) -> None:
    """Load what the names of natural persons among the listed need, so that no customer waits for it.

    rigour builds its table of given names at the first such name that is neither Chinese nor Korean: seconds, once.
    """
    persons = (entity for entity in entities if entity.kind is Kind.PERSON)
    names = (fold(name) for entity in persons for name in (entity.name, *entity.aliases, *entity.weak_aliases))
    if any(not is_han(name) and not is_hangul(name) for name in names):
        latin.load_given_names()


def is_weak(folded: str) -> bool:
    """Answer whether a folded name is so short or so general that many bear it."""
    if is_han(folded):
        proper = [s.text for s in segments(folded) if s.weight == PROPER]
        return not proper or (len(segments(folded)) == 1 and len(proper[0]) <= SHORT_HAN)
    if is_hangul(folded):
        return len(_hangul_part(folded)) <= SHORT_HAN
    telling = [t for t in latin_tokens(folded) if t not in FORMS and t not in GENERIC and t not in PLACE_NAMES]
    return not telling or (len(telling) == 1 and len(telling[0]) <= SHORT_NAME)


def _match(likeness: Likeness, *, weak: bool) -> NameMatch:
    return NameMatch(likeness.score, likeness.why, weak)


def _by_sound(han: str, other: str, *, weak: bool) -> NameMatch:
    """Compare a Chinese with a Latin name; where sound alone speaks, the match is weak: thousands share one pinyin."""
    likeness = compare_latin(han, latin_tokens(other))
    only_sound = all(not s.said or s.weight < PROPER / 2 for s in segments(han)) and len(segments(han)) == 1
    return NameMatch(likeness.score, likeness.why, weak or only_sound)


def _compare_hangul(mine: str, theirs: str) -> Likeness:
    left, right = _hangul_part(mine), _hangul_part(theirs)
    if left == right:
        return Likeness(1.0, "the same syllables")
    longer, shorter = sorted((left, right), key=len, reverse=True)
    if shorter and shorter in longer and len(shorter) > SHORT_HAN:
        return Likeness(len(shorter) / len(longer), f"{shorter} in {longer}")
    same = sum(a == b for a, b in zip(left, right, strict=False))
    return Likeness(OTHER_SYLLABLE * same / len(longer) if longer else 0.0, "other syllables")


def _hangul_part(folded: str) -> str:
    text = "".join(c for c in folded if HANGUL.match(c) or c.isascii()).replace(" ", "")
    for form in KOREAN_FORMS:
        text = text.removeprefix(form).removesuffix(form)
    return text


def _han_part(folded: str) -> str:
    """Return the words of a mixed name that are Chinese."""
    return " ".join(word for word in folded.split() if HAN.search(word))
