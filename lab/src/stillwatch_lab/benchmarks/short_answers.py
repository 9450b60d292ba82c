"""Short answers to mathematical questions: which one was given, and whether two are the same as text or number."""

from __future__ import annotations

import re
from fractions import Fraction

BOXED = "\\boxed{"
DECORATION = ("\\left", "\\right", "\\displaystyle", "\\,", "\\;", "\\!", "$", " ", "~")
"""What LaTeX writes around a value without changing it."""
FRACTION = re.compile(r"(-?)\\[dt]?frac\{(-?\d+)\}\{(-?\d+)\}|(-?)\\[dt]?frac(\d)(\d)")


def find_answer(said: str) -> str:
    """Take the last box of LaTeX; without one, what follows the last *answer is* or *answer:*; else the last line."""
    at = said.rfind(BOXED)
    if at >= 0:
        return _braced(said[at + len(BOXED) :])
    named = re.findall(r"answer(?:\s+is|\s*:)\s*(.+)", said, re.IGNORECASE)
    lines = said.strip().splitlines() or [""]
    return str(named[-1] if named else lines[-1]).strip().rstrip(".")


def is_same_answer(one: str, other: str) -> bool:
    """Compare as exact numbers where both are, else as text without LaTeX's decoration.

    Stricter than a judge: equal values in other forms (sets in another order, sums not worked out) count as wrong.
    """
    a, b = _plain(one), _plain(other)
    x, y = _number(a), _number(b)
    return x == y if x is not None and y is not None else bool(a) and a == b


def _braced(text: str) -> str:
    depth = 1
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return text[:place]
    return text


def _plain(text: str) -> str:
    for decoration in DECORATION:
        text = text.replace(decoration, "")
    text = re.sub(r"\\text\{([^}]*)\}", r"\1", text)
    return re.sub(r"\\[dt]frac", r"\\frac", text).rstrip(".")


def _number(text: str) -> Fraction | None:
    found = FRACTION.fullmatch(text)
    if found:
        sign, above, below = (found[1], found[2], found[3]) if found[2] else (found[4], found[5], found[6])
        text = f"{sign}{above}/{below}".replace("--", "")
    try:
        return Fraction(re.sub(r"(?<=\d),(?=\d{3})", "", text))
    except (ValueError, ZeroDivisionError):
        return None
