"""Text to words: hashed as they are, and masked where items stand (numbers, quotes, code, names, opaque runs).

Letters are runs between separators; Han, kana and Thai characters are words of their own: no spaces there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import Bytes, byte, kernel, letters_from
from stillwatch.ingest.kernels.boundaries import (
    LETTER,
    LONG_RUN,
    SINGLE,
    is_option,
    letter_kind,
    looks_opaque,
    opens_quote,
    quote_end,
    run_end,
    tag_end,
    word_end,
)
from stillwatch.ingest.kernels.hashing import U64, Hashed, sip_word, sip_words

Words = NDArray[np.uint64]

NUMBER, QUOTE, CODE, OPAQUE, NAME = U64(11), U64(12), U64(13), U64(14), U64(15)
"""What masked words become; runs of one mask count once."""
BLOB_RUN = 100
"""From 100 such characters on, the run is an artefact carried from elsewhere: 75 bytes, more than a signature has."""
PLAIN_WORD = LONG_RUN - 4
"""Fewer letters than this with a blank behind them are a word and nothing else (``looks_opaque``)."""
LABELS = 8
CODE_WORD = 100
"""Value in the word table that marks words with which lines of source code begin."""


class WordTable(NamedTuple):
    """An open-addressed table from keyed words to small numbers (languages, CODE_WORD), as long as a power of two."""

    keys: Words
    values: NDArray[np.int64]


class Tally(NamedTuple):
    """What one text came to; written by ``tokenise``, reset by it."""

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    flags: NDArray[np.int32]
    words: Hashed
    masked: Words
    plain: Words
    counts: NDArray[np.int64]
    languages: NDArray[np.int64]
    labels: Words
    label_counts: NDArray[np.int64]
    artefact: Words


# Places in Tally.counts.
MASKED, PLAIN, HAN, KANA, OPTIONS, CODE_LINES, REPEATED = range(7)
N_COUNTS = 7
# What a token is, and bits of where it stands.
WORD, IS_SINGLE, IS_NUMBER, IS_OPAQUE, IS_TAG, IS_QUOTE, IS_CODE, KINDS = 0, 1, 2, 3, 4, 5, 6, 7
HIDDEN, SENTENCE_START, LINE_START, LABEL, OPTION = 8, 16, 32, 64, 128
N_LANGUAGES = 16


def new_tally(size: int) -> Tally:
    """Make room for texts of up to ``size`` bytes."""
    return Tally(
        np.zeros(size + 2, np.int32),
        np.zeros(size + 2, np.int32),
        np.zeros(size + 2, np.int32),
        Hashed(*(np.zeros(size + 2, np.uint64) for _ in Hashed._fields)),
        np.zeros(size + 2, np.uint64),
        np.zeros(size + 2, np.uint64),
        np.zeros(N_COUNTS, np.int64),
        np.zeros(N_LANGUAGES, np.int64),
        np.zeros(LABELS, np.uint64),
        np.zeros(LABELS, np.int64),
        np.zeros(1, np.uint64),
    )


@njit(inline="always")
def _word(low: Bytes, i: int, stop: int, line_start: bool) -> tuple[int, int]:  # noqa: FBT001  (kernels take no keywords)
    """Return the end and the kind, with its bits, of the word, number or opaque run at ``i``."""
    end, digits, letters = word_end(low, i, stop)
    if looks_opaque(low, i, end, stop):
        run = min(run_end(low, i, stop), stop)
        if run - i >= LONG_RUN:
            return run, IS_OPAQUE
    kind = IS_NUMBER if digits else WORD
    if end - i == 1 and letters and is_option(low, i, stop, line_start):
        kind |= OPTION
    if line_start and end < stop and low[end] == 58:
        kind |= LABEL
    return end, kind


@kernel
def _split(  # noqa: C901, PLR0912  (one pass, a branch a character class)
    text: Bytes, low: Bytes, stop: int, tally: Tally
) -> int:
    """Find the tokens of ``text[:stop]`` and return their number; a quotation is a token before its hidden words."""
    starts, ends, flags, counts = tally.starts, tally.ends, tally.flags, tally.counts
    n, i, hidden_until = 0, 0, 0
    where = SENTENCE_START | LINE_START
    while i < stop:
        letters = letters_from(low, i)
        if 0 < letters < PLAIN_WORD and byte(low, i + letters) == 32 and i + letters <= stop:
            # A word and a blank: what most of any text is.
            starts[n], ends[n] = i, i + letters
            flags[n] = WORD | where | (HIDDEN if i < hidden_until else 0)
            n += 1
            where = 0
            i += letters + 1
            continue
        c = low[i]
        kind, end = -1, i + 1
        if i >= hidden_until and (c in (34, 96) or text[i] in (0xE2, 0xE3)) and opens_quote(text, i, stop):
            behind = quote_end(text, i, stop)
            if behind > 0:
                kind = IS_CODE if c == 96 and behind - i > 5 and text[i + 1] == 96 else IS_QUOTE
                hidden_until = behind
            end = i + 1 if c in (34, 96) else i + 3
            where |= SENTENCE_START
        elif 97 <= c <= 122 or 48 <= c <= 57:
            end, kind = _word(low, i, stop, where & LINE_START != 0)
        elif c >= 128:
            letter, size = letter_kind(low, i, stop)
            end = min(i + size, stop)
            if letter == SINGLE:
                kind = IS_SINGLE
            elif letter == LETTER:
                end, kind = _word(low, i, stop, where & LINE_START != 0)
        elif c == 60:
            behind = tag_end(low, i, stop)
            if behind > 0:
                kind, end = IS_TAG, behind
        elif c == 10:
            counts[CODE_LINES] += i > 0 and low[i - 1] in (59, 123, 125)
            where |= LINE_START | SENTENCE_START
        elif c not in (32, 44, 9, 13, 39, 45):
            where |= SENTENCE_START
        if kind >= 0:
            starts[n], ends[n] = i, end
            flags[n] = kind | where | (HIDDEN if i < hidden_until and kind & KINDS < IS_QUOTE else 0)
            n += 1
            where = SENTENCE_START if kind & KINDS >= IS_TAG else 0
        i = max(end, i + 1)
    return n


@njit(inline="always")
def _count_script(languages: NDArray[np.int64], lead: int) -> None:
    """Count a word by the script of its first letter, for languages with a script of their own (records.LANGUAGES)."""
    if lead in (0xD0, 0xD1):
        languages[6] += 1
    elif 0xD8 <= lead <= 0xDB:
        languages[10] += 1
    elif lead == 0xE0:
        languages[11] += 1
    elif 0xEA <= lead <= 0xED:
        languages[8] += 1


@njit(inline="always")
def _count_label(labels: Words, label_counts: NDArray[np.int64], word: np.uint64) -> int:
    """Count a word that opens a line and has a colon behind it; three of one are a list of examples."""
    most, found = 0, False
    for k in range(LABELS):
        if not found:
            if label_counts[k] == 0:
                labels[k] = word
            if labels[k] == word:
                label_counts[k] += 1
                found = True
        most = max(most, label_counts[k])
    return int(most)


@njit(inline="always")
def _look_up(keys: Words, values: NDArray[np.int64], word: np.uint64) -> int:
    size = U64(keys.size - 1)
    place = word & size
    while keys[place] != U64(0) and keys[place] != word:
        place = (place + U64(1)) & size
    return int(values[place])


@kernel
def tokenise(  # noqa: C901, PLR0912, PLR0915, PLR0917  (the hot loop: functions and tuples in it cost ten times)
    text: Bytes, low: Bytes, stop: int, key: tuple[np.uint64, np.uint64], table: WordTable, tally: Tally
) -> None:
    """Fill ``tally`` from ``text[:stop]`` and its lower-case copy; both have a spare block behind ``stop``."""
    counts, masked, plain = tally.counts, tally.masked, tally.plain
    keys, values = table.keys, table.values
    languages, labels, label_counts, artefact = tally.languages, tally.labels, tally.label_counts, tally.artefact
    counts[:] = 0
    languages[:] = 0
    label_counts[:] = 0
    artefact[0] = U64(0)
    starts, ends, flags, words = tally.starts, tally.ends, tally.flags, tally.words.out
    n_masked, n_plain, last_mask = 0, 0, U64(0)
    tokens = _split(text, low, stop, tally)
    sip_words(low, starts, ends, tokens, key[0], key[1], tally.words)
    for t in range(tokens):
        start, end, flag = np.int64(starts[t]), np.int64(ends[t]), flags[t]
        kind = flag & KINDS
        mask, word = U64(0), U64(0)
        if kind == IS_QUOTE or kind == IS_CODE:  # noqa: PLR1714, SIM109  (numba compiles this to less)
            mask = QUOTE if kind == IS_QUOTE else CODE
            counts[CODE_LINES] += 3 * (kind == IS_CODE)
        else:
            word = words[t] if kind != IS_OPAQUE else sip_word(text, start, end, key[0], key[1])
            if kind != IS_TAG:
                plain[n_plain] = word
                n_plain += 1
            if kind == IS_OPAQUE:
                mask = OPAQUE
                if end - start >= BLOB_RUN and artefact[0] == U64(0):
                    artefact[0] = word
            elif kind == IS_NUMBER:
                mask = NUMBER
            elif kind == IS_SINGLE:
                counts[KANA] += low[start] == 0xE3
                counts[HAN] += low[start] >= 0xE4
            elif kind == WORD:
                value = _look_up(keys, values, word)
                if value == CODE_WORD:
                    counts[CODE_LINES] += flag & LINE_START != 0
                elif value > 0:
                    languages[value] += 1
                elif low[start] >= 0xC3:
                    _count_script(languages, np.int64(low[start]))
                if flag & (OPTION | LABEL):
                    if flag & OPTION:
                        counts[OPTIONS] |= 1 << (np.int64(low[start]) - 97)
                    if flag & LABEL:
                        counts[REPEATED] = _count_label(labels, label_counts, word)
                if text[start] != low[start] and not flag & SENTENCE_START:
                    mask = NAME
        if flag & HIDDEN:
            continue
        if mask == U64(0) or mask != last_mask:
            masked[n_masked] = word if mask == U64(0) else mask
            n_masked += 1
        last_mask = mask
    counts[MASKED], counts[PLAIN] = n_masked, n_plain
