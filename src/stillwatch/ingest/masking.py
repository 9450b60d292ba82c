"""Prompts as a report may show them: the words of use stay, all other letters and digits become blocks."""

from __future__ import annotations

import json
import re
from functools import cache

from stillwatch.ingest.lexicon import phrases_of_use

MAX_SHOWN = 700
"""Characters of a sample: what fits a report's page and shows a template."""
_BLOCK = "▒"
_LETTERS = re.compile(r"\w", re.UNICODE)
_MIN_PHRASE = 5
"""Shorter phrases say nothing of use by themselves (and would uncover parts of other words)."""


def excerpt(text: str) -> str:
    """Return the last user text of a message list or prompt, shortened, without control characters. Not masked yet."""
    return _shorten(_last_user_text(text))


def mask_for_display(shown: str) -> str:
    """Mask an excerpt; whole words of use stay readable. Takes milliseconds: mask what is shown, not what is read."""
    keep = [False] * len(shown)
    for match in _phrases().finditer(shown.lower()):
        for i in range(match.start(), _word_end(shown, match.end())):
            keep[i] = True
    return "".join(c if keep[i] or not _LETTERS.match(c) else _BLOCK for i, c in enumerate(shown))


def _word_end(text: str, at: int) -> int:
    if at and ord(text[at - 1]) > 0x2E80:
        return at
    while at < len(text) and text[at].isalpha():
        at += 1
    return at


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


@cache
def _phrases() -> re.Pattern[str]:
    wanted = []
    for phrase in phrases_of_use():
        bare = phrase.strip()
        if len(bare) < _MIN_PHRASE and bare.isascii():
            continue
        pattern = re.escape(bare).replace(r"\ ", r"[\W_]+").replace("0", r"\d+")
        wanted.append((r"\b" if phrase[0] == " " else "") + pattern)
    return re.compile("|".join(sorted(wanted, key=lambda p: (-len(p), p))))
