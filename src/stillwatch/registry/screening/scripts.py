"""Text folded for comparison, and the script that it is in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from stillwatch.registry.screening.libraries import library, simplifier

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
HANGUL = re.compile(r"[\uac00-\ud7a3]")
KANA = re.compile(r"[\u3040-\u30ff]")
LATIN = re.compile(r"[a-z]")
_JOINERS = re.compile(r"['’`´ʻʼ\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # noqa: RUF001 - such marks are meant
_OTHER = re.compile(r"[^\w]+")
MAX_NAME = 400
"""Characters of a name that are looked at: the longest company names of public registers have about 250."""


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return text with compatibility forms, case and punctuation folded, Chinese simplified; words apart by spaces."""
    plain = unicodedata.normalize("NFKC", text[:MAX_NAME]).casefold()
    plain = _OTHER.sub(" ", _JOINERS.sub("", plain)).replace("_", " ").strip()
    return str(simplifier().convert(plain)) if HAN.search(plain) else plain


@lru_cache(maxsize=65_536)
def latin_tokens(text: str) -> tuple[str, ...]:
    """Return the words of folded text in ASCII letters and digits; scripts that have no such form are left out."""
    ascii_text = library("rigour.text.translit").maybe_ascii(fold(text), drop=True)
    return tuple(re.findall(r"[a-z0-9]+", ascii_text.casefold()))


def is_han(text: str) -> bool:
    """Answer whether folded text is Chinese characters, perhaps with other letters, and not Japanese or Korean."""
    return bool(HAN.search(text)) and not KANA.search(text) and not HANGUL.search(text)


def is_hangul(text: str) -> bool:
    """Answer whether folded text is Korean."""
    return bool(HANGUL.search(text))


def has_latin(text: str) -> bool:
    """Answer whether folded text has letters of the Latin script."""
    return bool(LATIN.search(unicodedata.normalize("NFKD", text)))
