"""Numbers, times and strange text in words that a tired reader takes in at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

MILLION = 1_000_000
BILLION = 1_000_000_000
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
MAX_NAME = 64
"""Longer names are cut in the middle: their ends differ oftener than their middles."""
MAX_MARKS = 2
"""Combining marks in a row; no living script needs more, and stacks of them draw over other lines."""
MAX_SAMPLE = 2_000
"""Characters of a sample that are shown: enough for a template and its item."""
OFTEN = 2 / 3
"""Above this rate "one in two scans" would understate it."""
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that do not show, or that change how others show (bidirectional overrides among them)."""


def visible(text: str, *, keep: str = "") -> str:
    r"""Write characters that do not show as ``\u202e``, except those in ``keep``, and thin out stacks of marks."""
    out: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if character in keep:
            out.append(character)
        elif category in INVISIBLE:
            out.append(f"\\u{ord(character):04x}")
        elif marks <= MAX_MARKS:
            out.append(character)
    return "".join(out)


def name(text: object) -> str:
    """Write a name from outside in at most about MAX_NAME characters, saying how long it was."""
    whole = str(text)
    if len(whole) <= MAX_NAME:
        return visible(whole)
    tail = MAX_NAME // 4
    return f"{visible(whole[: MAX_NAME - tail])}…{visible(whole[-tail:])} ({len(whole):,} characters)"


def sample(text: str) -> list[tuple[bool, str]]:
    """Split a sample into pieces, each with whether it is masked."""
    shown = visible(text[:MAX_SAMPLE], keep="\n\t")
    if len(text) > MAX_SAMPLE:
        shown += f"… ({len(text):,} characters)"
    pieces: list[tuple[bool, str]] = []
    for character in shown:
        masked = character == "▒"
        if pieces and pieces[-1][0] is masked:
            pieces[-1] = (masked, pieces[-1][1] + character)
        else:
            pieces.append((masked, character))
    return pieces


def count(number: float) -> str:
    """Write a count whole, with separators."""
    return f"{round(number):,}"


def about(number: float) -> str:
    """Write a count as prose does: 4,210, then 1.24 million."""
    if number >= BILLION:
        return f"{number / BILLION:.2f} billion"
    return f"{number / MILLION:.2f} million" if number >= MILLION else count(number)


def spelled(number: int) -> str:
    """Write a small count as a word that can begin a sentence."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else count(number)


def capital(text: str) -> str:
    """Begin a sentence with these words."""
    return text[:1].upper() + text[1:]


def several(number: int, one: str, many: str = "") -> str:
    """Write a count with its noun: 1 account, 2 accounts."""
    return f"{about(number)} {one if number == 1 else many or one + 's'}"


def bits(number: float, *, signed: bool = False) -> str:
    """Write bits with one decimal and a real minus sign."""
    text = f"{number:+.1f}" if signed else f"{number:.1f}"
    return text.replace("-", "\u2212")


def percent(share: float) -> str:
    """Write a share as a percentage, never rounding a part to nothing or to everything."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def between(low: float, high: float) -> str:
    """Write an interval of shares: 88-94%."""
    return f"{low * 100:.0f}\u2013{high:.0%}"


def odds(strength: float) -> str:
    """Write odds in bits as ``512 to 1``; beyond a million it says so only."""
    ratio = 2.0 ** min(abs(strength), 20.0)
    figure = f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 10 else f"{ratio:.1f}"
    if abs(strength) >= 20:
        figure = "over a million"
    return f"{figure} to 1" if strength >= 0 else f"1 to {figure}"


def strength_word(strength: float) -> str:
    """Name a strength by round odds: weak below 8 to 1, fair below 64, strong below 1,000."""
    steps = ((3.0, "weak"), (6.0, "fair"), (10.0, "strong"))
    return next((word for limit, word in steps if strength < limit), "very strong")


def alarms(rate: float) -> str:
    """Write an expected number of groups per innocent scan, an upper bound, the way people count."""
    return f"{max(1, round(rate)):,} a scan" if rate > OFTEN else f"1 in {round(1 / max(rate, 1e-9)):,} scans"


def alarms_sentence(rate: float) -> str:
    """Say how often innocent traffic shows as much."""
    if rate > OFTEN:
        return f"Our composed innocent traffic may show {several(max(1, round(rate)), 'such group')} in every scan."
    return f"Our composed innocent traffic shows such a group in at most {alarms(rate)}; yours may differ."


def moment(at: object) -> datetime | None:
    """Read an instant from ISO 8601 text or a datetime; None if it is neither."""
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    try:
        return datetime.fromisoformat(str(at)).astimezone(UTC)
    except ValueError:
        return None


def day(at: object) -> str:
    """Write the day of an instant, UTC: 3 Mar 2026."""
    known = moment(at)
    return f"{known.day} {known:%b %Y}" if known else "unknown"


def minute(at: object) -> str:
    """Write an instant to the minute, UTC: 2026-03-03 04:10."""
    known = moment(at)
    return f"{known:%Y-%m-%d %H:%M}" if known else "unknown"


def period(first: object, last: object) -> str:
    """Write a period in days: 3-17 Mar 2026."""
    start, end = moment(first), moment(last)
    if start is None or end is None:
        return "unknown period"
    if start.date() == end.date():
        return day(end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\u2013{day(end)}"
    head = f"{start.day} {start:%b}" if start.year == end.year else day(start)
    return f"{head}\u00a0\u2013 {day(end)}"


def listing(parts: Iterable[str]) -> str:
    """Join with commas and a last *and*."""
    known = list(parts)
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)
