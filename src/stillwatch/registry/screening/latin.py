"""Names of other scripts than Chinese, with rigour: its analysis, symbols and alignment; weights and verdict are ours.

rigour (OpenSanctions) knows legal forms, titles, numerals, ordinals, nicknames and spellings of given names in many
scripts, and aligns what is left by edit distance. What each piece is worth is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.han import Likeness
from stillwatch.registry.screening.libraries import library

PAIRED = {"ORGCLS": (0.8, 0.15), "INITIAL": (0.9, 0.5), "NICK": (0.75, 0.8), "NUM": (1.0, 1.2), "LOC": (1.0, 0.7),
          "SYMBOL": (1.0, 0.35), "DOMAIN": (1.0, 0.7), "NAME": (0.92, 1.0), "PHON": (0.85, 1.0)}  # fmt: skip
"""For each kind of symbol that both names have: how alike that makes them, and how much it weighs. A legal form weighs
little, a numeral tells a fund from its sibling."""
EXTRA_QUERY, EXTRA_LISTED = 0.8, 0.15
"""Weights of a word without counterpart: one more in the customer's name says more against than one on the list."""
EXTRA_KNOWN = {"ORGCLS": 0.1, "SYMBOL": 0.4, "NUM": 1.3, "LOC": 0.6, "INITIAL": 0.4}
"""The same for a word that is a symbol: a legal form too many says little, a numeral too many a lot."""
INITIAL_ALIKE, INITIAL_WEIGHT = 0.9, 0.6
"""A letter for a name says less than the name, and rules out more than nothing."""
CONFLICT = 0.6
"""Weight, against, of words that organisations do not share on either side."""
STOP = 0.5


def load_given_names() -> None:
    """Have rigour build its table of given names now: it does so for the first natural person's name, in seconds."""
    analysed("Anna Berg", Kind.PERSON, query=False)


@lru_cache(maxsize=131_072)
def analysed(name: str, kind: Kind, *, query: bool) -> tuple[Any, ...]:
    """Return rigour's analysis of a name."""
    names = library("rigour.names")
    tag = _tag(names, kind)
    found = names.analyze_names(tag, [name], infer_initials=query, consolidate=False)
    return tuple(sorted(found, key=lambda one: str(one.form)))


@lru_cache(maxsize=131_072)
def compare(query: str, listed: str, kind: Kind) -> Likeness:
    """Compare a customer's name with a listed one."""
    best = Likeness(0.0, "")
    for mine in analysed(query, kind, query=True):
        for theirs in analysed(listed, kind, query=False):
            best = max(best, _best(mine, theirs, kind), key=lambda likeness: likeness.score)
    return best


def _best(mine: Any, theirs: Any, kind: Kind) -> Likeness:
    if mine.comparable == theirs.comparable:
        return Likeness(1.0, "the same words")
    scored = [_score(mine, theirs, edges, kind) for edges in library("rigour.names.symbol").pair_symbols(mine, theirs)]
    return max(scored, key=lambda likeness: likeness.score, default=Likeness(0.0, ""))


def _score(mine: Any, theirs: Any, edges: Iterable[Any], kind: Kind) -> Likeness:
    names = library("rigour.names")
    paired = list(edges)
    left = [part for part in mine.parts if part not in {p for e in paired for p in e.qps}]
    right = [part for part in theirs.parts if part not in {p for e in paired for p in e.rps}]
    initials, left, right = _initials(left, right) if kind is Kind.PERSON else ([], left, right)
    if kind is Kind.PERSON:
        left, right = names.align_person_name_order(left, right)
    else:
        left, right = names.NamePart.tag_sort(left), names.NamePart.tag_sort(right)
    rest = names.compare_parts(left, right) if left or right else []
    weighed = [_weigh(edge, mine, theirs) for edge in [*paired, *rest]]
    weighed += [(INITIAL_ALIKE, INITIAL_WEIGHT)] * len(initials)
    if kind is not Kind.PERSON and _is_conflict(rest):
        weighed.append((0.0, CONFLICT))
    weight = sum(heavy for _, heavy in weighed)
    why = [_words(edge, alike) for edge, (alike, _) in zip([*paired, *rest], weighed, strict=False)]
    total = sum(alike * heavy for alike, heavy in weighed)
    return Likeness(total / weight if weight else 0.0, "; ".join([*why, *initials]))


def _is_conflict(rest: Iterable[Any]) -> bool:
    """Answer whether each name has a word of its own: Saltmarsh Works is not Quillfern Works."""
    alone = [edge for edge in rest if not (edge.qps and edge.rps) and len(edge.qstr + edge.rstr) > 1]
    return any(edge.qps for edge in alone) and any(edge.rps for edge in alone)


def _initials(left: list[Any], right: list[Any]) -> tuple[list[str], list[Any], list[Any]]:
    """Pair single letters with words that begin so; return what was paired, in words, and what is left of both."""
    found: list[str] = []
    left, right = list(left), list(right)
    for letters, words in ((left, right), (right, left)):
        for letter in [part for part in letters if len(part.comparable) == 1]:
            word = next((p for p in words if p.comparable[:1] == letter.comparable), None)
            if word is not None:
                found.append(f"{letter.comparable}. = {word.comparable}")
                letters.remove(letter)
                words.remove(word)
    return found, left, right


def _weigh(edge: Any, mine: Any, theirs: Any) -> tuple[float, float]:
    if edge.symbol is not None:
        alike, heavy = PAIRED.get(edge.symbol.category.value, (1.0, 1.0))
        return (1.0 if edge.qstr == edge.rstr else alike), heavy
    if edge.qps and edge.rps:
        alike, heavy = float(edge.score), float(len(edge.qps) + len(edge.rps)) / 2
    else:
        parts, whose, base = (edge.qps, mine, EXTRA_QUERY) if edge.qps else (edge.rps, theirs, EXTRA_LISTED)
        alike, heavy = 0.0, sum(_extra(part, whose, base) for part in parts)
    tags = {part.tag.value for part in (*edge.qps, *edge.rps)}
    if tags == {"STOP"}:
        heavy *= STOP
    return alike, heavy


def _extra(part: Any, name: Any, base: float) -> float:
    known = [EXTRA_KNOWN[s.symbol.category.value] for s in name.spans
             if part in s.parts and s.symbol.category.value in EXTRA_KNOWN]  # fmt: skip
    return min([base, *known]) if not known or max(known) <= base else max(known)


def _words(edge: Any, alike: float) -> str:
    if not edge.qps:
        return f"not given: {edge.rstr}"
    if not edge.rps:
        return f"not listed: {edge.qstr}"
    return f"{edge.qstr} = {edge.rstr}" if alike >= 1 else f"{edge.qstr} ~ {edge.rstr} ({alike:.2f})"


def _tag(names: Any, kind: Kind) -> Any:
    tags = {Kind.PERSON: names.NameTypeTag.PER, Kind.LEGAL_ENTITY: names.NameTypeTag.ENT}
    return tags.get(kind, names.NameTypeTag.ORG)
