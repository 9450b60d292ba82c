"""Where words, quotations, tags and opaque runs begin and end, byte by byte."""

from __future__ import annotations

import numpy as np
from numba import njit

from stillwatch.ingest.kernels.blocks import BLOCK, Bytes, byte, kernel, letters_from

SEPARATOR, LETTER, SINGLE = 0, 1, 2
LONG_RUN = 24
"""Letters, digits and base64 signs in a row beyond any ordinary word: a key, a hash, an identifier."""
MAX_QUOTE = 600
"""Bytes after which a quotation mark that was not closed is taken for an inch sign."""
MAX_TAG = 32


@kernel
def letter_kind(data: Bytes, i: int, stop: int) -> tuple[int, int]:  # noqa: PLR0911  (a decision table)
    """Return what the character that starts at ``i`` (a byte of 128 or more) is, and its length in bytes."""
    c = data[i]
    d = data[i + 1] if i + 1 < stop else np.uint8(0)
    if c < 0xC3:
        return SEPARATOR, 2 if c == 0xC2 else 1
    if c < 0xE0:
        punctuation = c == 0xD8 and d in (0x8C, 0x9B, 0x9F)
        return (SEPARATOR if punctuation else LETTER), 2
    if c >= 0xF0:
        return SEPARATOR, 4
    if c == 0xE0:
        if d in (0xB8, 0xB9):
            return SINGLE, 3
        danda = d == 0xA5 and i + 2 < stop and data[i + 2] in (0xA4, 0xA5)
        return (SEPARATOR if danda else LETTER), 3
    if c == 0xE1 or 0xEA <= c <= 0xED:
        return LETTER, 3
    if c == 0xE2 or c >= 0xEE or (c == 0xE3 and d == 0x80):
        return SEPARATOR, 3
    return SINGLE, 3


@kernel
def _is_run_byte(c: int) -> bool:
    return 97 <= c <= 122 or 48 <= c <= 57 or c in (43, 45, 47, 61, 95)


@njit(inline="always")
def word_end(low: Bytes, i: int, stop: int) -> tuple[int, bool, bool]:
    """Return where the word at ``i`` ends, and whether it has digits and letters; a spare block is behind ``stop``."""
    end = i
    run = BLOCK
    while run == BLOCK and end < stop:
        run = min(letters_from(low, end), stop - end)
        end += run
    digits, letters = False, end > i
    behind = byte(low, end)
    if end < stop and (behind >= 128 or 48 <= behind <= 57 or behind == 39):
        end, digits, letters = _mixed_word_end(low, end, stop, letters)
    return end, digits, letters


@njit(inline="always")
def _joins(c: int, behind: int, letters: bool, digits: bool) -> bool:  # noqa: FBT001  (kernels take no keywords)
    """Whether ``c`` is an apostrophe inside a word, or a comma, point or colon inside a number."""
    if c == 39:
        return letters and 97 <= behind <= 122
    return c in (44, 46, 58) and digits and not letters and 48 <= behind <= 57


@kernel
def _mixed_word_end(low: Bytes, i: int, stop: int, letters: bool) -> tuple[int, bool, bool]:  # noqa: FBT001
    """Go on from ``i`` in a word that has more than ASCII letters."""
    digits = False
    while i < stop:
        c = low[i]
        if 97 <= c <= 122:
            letters = True
            i += 1
        elif 48 <= c <= 57:
            digits = True
            i += 1
        elif c >= 128:
            kind, size = letter_kind(low, i, stop)
            if kind != LETTER:
                break
            letters = True
            i += size
        elif i + 1 < stop and _joins(c, np.int64(low[i + 1]), letters, digits):
            i += 1
        else:
            break
    return min(i, stop), digits, letters


@kernel
def run_end(low: Bytes, i: int, stop: int) -> int:
    """Return where the run of letters, digits and base64 signs, or the web address, that starts at ``i`` ends."""
    k = i
    while k < stop and _is_run_byte(low[k]):
        k += 1
    if k + 2 < stop and low[k] == 58 and low[k + 1] == 47 and low[k + 2] == 47:
        while k < stop and low[k] > 32:
            k += 1
        return max(k, i + LONG_RUN)
    return k


@kernel
def quote_end(text: Bytes, i: int, stop: int) -> int:
    """Return the place behind the quotation, inline code or fenced code that opens at ``i``, or -1."""
    c = text[i]
    if c == 96 and i + 2 < stop and text[i + 1] == 96 and text[i + 2] == 96:
        k = i + 3
        while k + 2 < stop and not (text[k] == 96 and text[k + 1] == 96 and text[k + 2] == 96):
            k += 1
        return min(k + 3, stop)
    last = min(stop, i + MAX_QUOTE)
    if c in (34, 96):
        k = i + 1
        while k < last and text[k] != c:
            if text[k] == 10:
                return -1
            k += 1
        return k + 1 if k < last else -1
    # Three-byte pairs: typographic quotes, and CJK corner brackets.
    close = 0x9D if c == 0xE2 else 0x8D
    k = i + 3
    while k + 2 < last:
        if text[k] == c and text[k + 1] == 0x80 and text[k + 2] == close:
            return k + 3
        k += 1
    return -1


@njit(inline="always")
def opens_quote(text: Bytes, i: int, stop: int) -> bool:
    """Whether a quotation may open at ``i``: a straight or typographic quote, a backtick, a CJK corner bracket."""
    c = text[i]
    if c in (34, 96):
        return True
    if i + 2 >= stop or text[i + 1] != 0x80:
        return False
    return (c == 0xE2 and text[i + 2] == 0x9C) or (c == 0xE3 and text[i + 2] in (0x8C, 0x8E))


@njit(inline="always")
def is_option(low: Bytes, i: int, stop: int, line_start: bool) -> bool:  # noqa: FBT001  (kernels take no keywords)
    """Whether the single letter at ``i`` names a choice: (a), or a line that starts with a) or a. and a blank."""
    if not (97 <= low[i] <= 101) or i + 1 >= stop:
        return False
    behind = low[i + 1]
    if behind == 41:
        return line_start or (i > 0 and low[i - 1] == 40)
    return line_start and behind in (46, 58) and i + 2 < stop and low[i + 2] == 32


@njit(inline="always")
def tag_end(low: Bytes, i: int, stop: int) -> int:
    """Return the place behind a tag such as <think> or </answer> that opens at ``i``, or -1."""
    k = i + 1
    if k < stop and low[k] == 47:
        k += 1
    first = k
    while k < stop and k - i < MAX_TAG and (97 <= low[k] <= 122 or 48 <= low[k] <= 57 or low[k] in (45, 95)):
        k += 1
    return k + 1 if k > first and k < stop and low[k] == 62 else -1


@njit(inline="always")
def looks_opaque(low: Bytes, i: int, end: int, stop: int) -> bool:
    """Whether the word may be part of a longer run: a key, a hash, base64, an address of the web."""
    if end - i >= LONG_RUN - 4:
        return True
    if end >= stop:
        return False
    c = low[end]
    return c in (43, 47, 61, 95) or (c == 58 and end + 2 < stop and low[end + 1] == 47 and low[end + 2] == 47)
