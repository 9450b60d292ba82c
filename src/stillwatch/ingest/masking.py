"""Prompts as a report may show them: the words of use stay, all other letters and digits become blocks."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import NamedTuple
from unicodedata import category

from stillwatch.ingest.lexicon import phrases_of_use

MAX_SHOWN = 700
"""Characters of a sample: what fits a report's page and shows a template."""
MAX_KEPT = 2_000
"""Characters of a prompt that is kept as it came: with the most samples that a scan keeps, 80 MB of ASCII."""
_BLOCK = "▒"
_SHOWN = frozenset("<>=+|~^$`")
"""Signs that are not punctuation to Unicode and belong to tags, rules and tables."""
MAX_ENDING = 4
"""Letters that a word of use may add to its phrase, as an ending; more of them are another word."""
MAX_DIGITS = 3
"""Digits of a number in a phrase of use, as in "20 tasks" or "from 1 to 100"; longer ones may name somebody."""
_MIN_PHRASE = 5
"""Shorter phrases say nothing of use by themselves (and would uncover parts of other words)."""


class Sample(NamedTuple):
    """A prompt kept for the report: whole, or an excerpt already, where it is long."""

    text: str
    whole: bool

    def excerpt(self) -> str:
        """Return what a report may show of it, once it is masked."""
        return excerpt(self.text) if self.whole else self.text


def keep_sample(text: str) -> Sample:
    """Keep a prompt until it is known which few are shown: to shorten all would take longer than to read them."""
    return Sample(text, whole=True) if len(text) <= MAX_KEPT else Sample(excerpt(text), whole=False)


def excerpt(text: str) -> str:
    """Return the last user text of a message list or prompt, shortened, without control characters. Not masked yet."""
    return _shorten(_last_user_text(text))


def mask_for_display(shown: str) -> str:
    """Mask an excerpt; whole words of use stay readable. Takes milliseconds: mask what is shown, not what is read."""
    keep = [False] * len(shown)
    # Letter by letter, since a few letters grow when they become lower case, and places must stay.
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in shown)
    for match in _phrases_in(low).finditer(low):
        for i in range(match.start(), _word_end(low, match.end())):
            keep[i] = True
    return "".join(c if keep[i] or _is_open(c) else _BLOCK for i, c in enumerate(shown))


def _is_open(character: str) -> bool:
    """Whether a character says nothing: white space, punctuation, the signs of markup. Letters have marks, too."""
    return character.isspace() or character in _SHOWN or category(character)[0] == "P"


def _word_end(text: str, at: int) -> int:
    if at and ord(text[at - 1]) > 0x2E80:
        return at
    end = at
    while end < len(text) and text[end].isalpha():
        end += 1
    return end if end - at <= MAX_ENDING else at


def _shorten(text: str) -> str:
    flat = "".join(c if c.isprintable() or c == "\n" else " " for c in text[: 4 * MAX_SHOWN])
    flat = re.sub(r"[ \t]+", " ", flat).strip()
    return flat if len(flat) <= MAX_SHOWN else flat[:MAX_SHOWN].rstrip() + " …"


def _last_user_text(text: str) -> str:
    if not text.lstrip().startswith("["):
        return text
    try:
        messages = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(messages, list):
        return text
    found = [m for m in messages if isinstance(m, dict) and m.get("role") == "user"] or messages[-1:]
    content = found[-1].get("content") if found and isinstance(found[-1], dict) else None
    if isinstance(content, list):
        parts = [p.get("text") for p in content if isinstance(p, dict)]
        return "\n".join(p for p in parts if isinstance(p, str))
    return content if isinstance(content, str) else text


def _phrases_in(low: str) -> re.Pattern[str]:
    """Compile the phrases whose letters are all in the text: a few of thousands."""
    return re.compile("|".join(p for letters, p in _patterns() if all(part in low for part in letters)) or r"(?!)")


@cache
def _patterns() -> list[tuple[list[str], str]]:
    """Return each phrase of use as what stands between its blanks and numbers, and as a pattern; the longest first."""
    wanted = []
    for phrase in phrases_of_use():
        bare = phrase.strip()
        if len(bare) < _MIN_PHRASE and bare.isascii():
            continue
        pattern = re.escape(bare).replace(r"\ ", r"[\s.,:;!?*#_()\[\]<>/'\"`-]+")
        pattern = pattern.replace("0", rf"(?<!\d)\d{{1,{MAX_DIGITS}}}(?!\d)")
        pattern = (r"\b" if phrase[0] == " " else "") + pattern + (r"\b" if phrase[-1] == " " else "")
        wanted.append((re.split("[ 0]+", bare), pattern))
    return sorted(wanted, key=lambda w: (-len(w[1]), w[1]))
