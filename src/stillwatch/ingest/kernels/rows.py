"""One pass over a batch of prompts: roles, cues, words and fingerprints of every row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.automaton import MAX_PARTS, Automaton
from stillwatch.ingest.kernels.blocks import BLOCK, between, copy, count, kernel
from stillwatch.ingest.kernels.chat import MAX_PARTS as MAX_CONTENT_PARTS
from stillwatch.ingest.kernels.chat import read_chat
from stillwatch.ingest.kernels.hashing import U64
from stillwatch.ingest.kernels.letters import lower
from stillwatch.ingest.kernels.phrases import scan
from stillwatch.ingest.kernels.prints import bands, chain, ends_and_item, topics
from stillwatch.ingest.kernels.tokens import (
    CODE_LINES,
    HAN,
    KANA,
    MASKED,
    N_LANGUAGES,
    OPTIONS,
    PLAIN,
    REPEATED,
    Tally,
    WordTable,
    new_tally,
    tokenise,
)
from stillwatch.records import LANGUAGES, Cue

Bytes = NDArray[np.uint8]
Spans = NDArray[np.int64]

HEAD_BYTES, TAIL_BYTES = 16_384, 4_096
"""Of a longer text, its start and its end are read: a template stands there, and the work a row takes stays bounded."""
MARGIN = 64
"""Bytes of room behind every buffer, so that eight-byte reads stay inside."""
_OPTIONS_CUE, _FEW_SHOT_CUE, _CODE_CUE = int(Cue.OPTIONS), int(Cue.FEW_SHOT), int(Cue.CODE)
_ALL_CUES = (1 << len(Cue)) - 1
OPAQUE_RUN = 1 << 28
"""Not a cue but a step to one (``lexicon.py``): the text carries an artefact, whatever it is called."""
_ZH, _JA, _LATIN = (LANGUAGES.index(code) for code in ("zh", "ja", "latin"))
_FIRST_THREE_OPTIONS = 7
_EXAMPLES, _CODE_LINES = 3, 3
"""Three equal line labels are a list of examples; three lines that end or begin like source code are source code."""


class Source(NamedTuple):
    """The text columns of a batch as Arrow buffers; ``*_valid`` says which rows have one."""

    messages: Bytes
    messages_at: Spans
    messages_valid: NDArray[np.bool_]
    prompt: Bytes
    prompt_at: Spans
    prompt_valid: NDArray[np.bool_]
    system: Bytes
    system_at: Spans
    system_valid: NDArray[np.bool_]


class Scratch(NamedTuple):
    """Buffers of one thread, large enough for the longest row of the batch."""

    user: Bytes
    system: Bytes
    window: Bytes
    low: Bytes
    spans: Spans
    lengths: Spans
    seen: Spans
    least: Spans
    tally: Tally


class Prints(NamedTuple):
    """What is known of each row afterwards; 0 stands for none in heads, tails, system, item and artefact."""

    heads: NDArray[np.uint64]
    tails: NDArray[np.uint64]
    system: NDArray[np.uint64]
    system_words: NDArray[np.int16]
    item: NDArray[np.uint64]
    artefact: NDArray[np.uint64]
    cues: NDArray[np.int64]
    characters: NDArray[np.int32]
    words: NDArray[np.int32]
    turns: NDArray[np.int16]
    language: NDArray[np.int8]
    bands: NDArray[np.int32]
    topics: NDArray[np.int32]


def new_prints(rows: int, *, bands: bool = True) -> Prints:
    """Make room for the fingerprints of ``rows`` rows, with or without MinHash bands."""
    return Prints(
        np.zeros((rows, 4), np.uint64),
        np.zeros((rows, 4), np.uint64),
        np.zeros(rows, np.uint64),
        np.zeros(rows, np.int16),
        np.zeros(rows, np.uint64),
        np.zeros(rows, np.uint64),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int32),
        np.zeros(rows, np.int32),
        np.zeros(rows, np.int16),
        np.zeros(rows, np.int8),
        np.zeros((rows if bands else 0, 8), np.int32),
        np.zeros((rows, 4), np.int32),
    )


def new_scratch(longest: int) -> Scratch:
    """Make buffers for rows of up to ``longest`` bytes."""
    window = HEAD_BYTES + TAIL_BYTES + MARGIN
    return Scratch(
        np.zeros(longest + MARGIN, np.uint8),
        np.zeros(longest + MARGIN, np.uint8),
        np.zeros(window, np.uint8),
        np.zeros(window, np.uint8),
        np.zeros((MAX_CONTENT_PARTS, 2), np.int64),
        np.zeros(3, np.int64),
        np.zeros(MAX_PARTS, np.int64),
        np.zeros(8, np.int64),
        new_tally(window),
    )


@kernel
def _take(data: Bytes, start: int, stop: int, out: Bytes, at: int) -> int:
    """Copy ``data[start:stop]`` to ``at`` in a buffer that has a spare block; return the place behind it."""
    i, last = start, data.size - BLOCK
    while i < stop and i <= last:
        copy(data, i, out, at + i - start)
        i += BLOCK
    for k in range(i, stop):
        out[at + k - start] = data[k]
    return at + stop - start


@kernel
def _trimmed(data: Bytes, size: int) -> int:
    while size > 0 and data[size - 1] <= 32:
        size -= 1
    return size


@kernel
def _window(data: Bytes, size: int, scratch: Scratch) -> int:
    """Copy the start and the end of a text, and its lower-case form. Return how many bytes that is."""
    if size <= HEAD_BYTES + TAIL_BYTES:
        n = _take(data, 0, size, scratch.window, 0)
    else:
        head = HEAD_BYTES
        while head > 0 and (data[head] & 0xC0) == 0x80:
            head -= 1
        tail = size - TAIL_BYTES
        while tail < size and (data[tail] & 0xC0) == 0x80:
            tail += 1
        n = _take(data, 0, head, scratch.window, 0)
        scratch.window[n] = 10
        n = _take(data, tail, size, scratch.window, n + 1)
    lower(scratch.window, n, scratch.low)
    return int(n)


@kernel
def _characters(data: Bytes, size: int) -> int:
    n, i = size, 0
    while i + BLOCK <= size:
        n -= count(between(data, i, 0x80, 0x3F))
        i += BLOCK
    for k in range(i, size):
        n -= (data[k] & 0xC0) == 0x80
    return n


@kernel
def _language(tally: Tally) -> int:
    """Guess by script, then by stop words; never evidence of anything."""
    han, kana, words = tally.counts[HAN], tally.counts[KANA], tally.counts[PLAIN]
    if kana * 10 > han and kana > 2:
        return _JA
    if han * 3 > words and han > 2:
        return _ZH
    best = 0
    for code in range(1, N_LANGUAGES):
        if tally.languages[code] > tally.languages[best]:
            best = code
    if best > 0 and tally.languages[best] * 20 >= words:
        return best
    return _LATIN if words > 0 else 0


@kernel
def _structure(tally: Tally) -> int:
    cues = 0
    if tally.counts[OPTIONS] & _FIRST_THREE_OPTIONS == _FIRST_THREE_OPTIONS:
        cues |= _OPTIONS_CUE
    if tally.counts[REPEATED] >= _EXAMPLES:
        cues |= _FEW_SHOT_CUE
    if tally.counts[CODE_LINES] >= _CODE_LINES:
        cues |= _CODE_CUE
    if tally.artefact[0] != 0:
        cues |= OPAQUE_RUN
    return cues


@kernel
def _combine(found: int, both: NDArray[np.int64]) -> int:
    for k in range(both.shape[0]):
        if found & both[k, 0] == both[k, 0]:
            found |= both[k, 1]
    return found & _ALL_CUES


@kernel
def _bands(masked: NDArray[np.uint64], words: int, out: NDArray[np.int32], row: int, least: NDArray[np.int64]) -> None:
    if out.shape[0] > 0:
        bands(masked, words, out[row], least)


@kernel
def print_rows(  # noqa: PLR0917  (a kernel's tables are its arguments)
    source: Source,
    automaton: Automaton,
    both: NDArray[np.int64],
    table: WordTable,
    k0: np.uint64,
    k1: np.uint64,
    scratch: Scratch,
    out: Prints,
) -> None:
    """Fingerprint every row of ``source`` into ``out``."""
    tally, lengths = scratch.tally, scratch.lengths
    for row in range(out.cues.size):
        users, systems, turns = 0, 0, 0
        if source.messages_valid[row]:
            start, stop = source.messages_at[row], source.messages_at[row + 1]
            if read_chat(source.messages, start, stop, scratch.user, scratch.system, scratch.spans, lengths):
                users, systems, turns = lengths[0], lengths[1], lengths[2]
            else:
                users = _take(source.messages, start, stop, scratch.user, 0)
        elif source.prompt_valid[row]:
            users = _take(source.prompt, source.prompt_at[row], source.prompt_at[row + 1], scratch.user, 0)
        if systems == 0 and source.system_valid[row]:
            systems = _take(source.system, source.system_at[row], source.system_at[row + 1], scratch.system, 0)
        found = 0
        systems = _trimmed(scratch.system, systems)
        if systems > 0:
            n = _window(scratch.system, systems, scratch)
            found |= scan(scratch.low, n, automaton, scratch.seen)
            tokenise(scratch.window, scratch.low, n, (k0, k1), table, tally)
            if tally.counts[MASKED] > 0:
                out.system[row] = chain(tally.masked, tally.counts[MASKED], U64(3)) | U64(1)
            out.system_words[row] = min(tally.counts[MASKED], 32_767)
        users = _trimmed(scratch.user, users)
        out.characters[row] = _characters(scratch.user, users)
        out.turns[row] = min(turns, 32_767)
        if users > 0:
            n = _window(scratch.user, users, scratch)
            found |= scan(scratch.low, n, automaton, scratch.seen)
            tokenise(scratch.window, scratch.low, n, (k0, k1), table, tally)
            found |= _structure(tally)
            words = tally.counts[MASKED]
            item = ends_and_item(
                tally.masked,
                words,
                tally.plain,
                tally.counts[PLAIN],
                U64(users if users > n else 5),
                out.heads[row],
                out.tails[row],
            )
            if tally.counts[PLAIN] > 0:
                out.item[row] = item | U64(1)
            _bands(tally.masked, words, out.bands, row, scratch.least)
            topics(tally.plain, tally.counts[PLAIN], out.topics[row], scratch.least)
            out.artefact[row] = tally.artefact[0]
            out.words[row] = tally.counts[PLAIN]
            out.language[row] = _language(tally)
        out.cues[row] = _combine(found, both)
