"""Chinese characters as people write them in Latin letters: pinyin, Wade-Giles, and the old postal spelling."""

from __future__ import annotations

import re
from functools import lru_cache

from stillwatch.registry.screening.libraries import library

_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?([a-zü]+)")
WADE = {
    "b": "p", "d": "t", "g": "k", "j": "ch", "q": "ch", "x": "hs", "zh": "ch", "z": "ts", "c": "ts", "r": "j",
}  # fmt: skip
"""Initials in Wade-Giles without apostrophes, as they are printed (Giles 1912); others are as in pinyin."""
WADE_FINALS = {
    "ian": "ien", "ie": "ieh", "ue": "ueh", "e": "o", "ong": "ung", "ui": "ui", "uo": "o", "you": "yu", "yan": "yen",
    "ye": "yeh", "yue": "yueh", "yong": "yung", "er": "erh",
}  # fmt: skip
WADE_WHOLE = {
    "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tzu", "si": "szu", "xu": "hsu",
    "xue": "hsueh", "ge": "ko", "ke": "ko", "he": "ho", "e": "o", "she": "she", "zhe": "che", "che": "che",
    "gui": "kuei", "kui": "kuei", "yi": "i", "yu": "yu", "you": "yu", "guo": "kuo", "kuo": "kuo", "huo": "huo",
    "shuo": "shuo", "rong": "jung", "jiong": "chiung", "xiong": "hsiung", "wen": "wen", "men": "men", "ren": "jen",
}  # fmt: skip
POSTAL = {"q": "ts", "j": "k", "x": "s", "zh": "ch", "z": "ts", "c": "ts", "b": "p", "d": "t", "g": "k"}
"""Initials of the postal romanisation (1906) where they differ: Tsingtao, Peking, Sian, Chungking."""
POSTAL_WHOLE = {"jing": "king", "xi": "si", "an": "an", "hua": "hua", "dao": "tao", "da": "ta", "nan": "nan"}


@lru_cache(maxsize=65_536)
def syllables(han: str) -> tuple[tuple[str, ...], ...]:
    """Return the readings of each character, the likeliest first; surnames and common words are read as such."""
    pinyin = library("pypinyin")
    best = [one[0].lower() for one in pinyin.pinyin(han, style=pinyin.Style.NORMAL, v_to_u=False)]
    if len(best) != len(han):
        return tuple((one,) for one in best)
    every = [pinyin.pinyin(c, style=pinyin.Style.NORMAL, heteronym=True)[0] for c in han]
    return tuple(tuple(dict.fromkeys([b.replace("v", "u"), *(e.lower().replace("v", "u") for e in es)]))
                 for b, es in zip(best, every, strict=True))  # fmt: skip


@lru_cache(maxsize=65_536)
def romanisations(han: str) -> frozenset[str]:
    """Return the ways in which this run of characters is written in Latin letters, without spaces."""
    read = syllables(han)
    first = [one[0] for one in read]
    found = {"".join(first), "".join(map(wade, first)), "".join(map(postal, first))}
    # Where one character has a second reading, each is tried alone: surnames and place names are read unusually.
    for at, readings in enumerate(read):
        for other in readings[1:3]:
            found.add("".join([*first[:at], other, *first[at + 1 :]]))
    return frozenset(found | {one.replace("lu", "lv") for one in found if "lu" in one})


def wade(syllable: str) -> str:
    """Return a pinyin syllable in Wade-Giles, without apostrophes and accents."""
    if syllable in WADE_WHOLE:
        return WADE_WHOLE[syllable]
    found = _SYLLABLE.fullmatch(syllable)
    if not found:
        return syllable
    initial, final = found[1] or "", found[2]
    return WADE.get(initial, initial) + WADE_FINALS.get(final, final)


def postal(syllable: str) -> str:
    """Return a pinyin syllable in the postal spelling."""
    if syllable in POSTAL_WHOLE:
        return POSTAL_WHOLE[syllable]
    found = _SYLLABLE.fullmatch(syllable)
    return syllable if not found else POSTAL.get(found[1] or "", found[1] or "") + found[2]
