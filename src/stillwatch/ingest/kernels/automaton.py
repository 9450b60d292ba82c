"""Phrases to an automaton that finds them all in one pass over bytes (Aho & Corasick 1975).

The alphabet is folded: letters to lower case, a number's digits to one 0, punctuation and white space to one blank.
A phrase that starts with a blank starts at a word's start; its end is free, so that endings may vary. A *rule* turns
one part, or two parts near each other in either order, into a cue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import Bytes, kernel
from stillwatch.ingest.kernels.letters import lower

BLANK, DIGIT, OPEN_TAG, OPEN_BRACKET = 0, 1, 2, 3
FIRST_FREE = 4
MAX_PARTS = 192
"""Parts that one automaton can tell apart; each keeps the place where it was last seen."""
ROW_BITS = 7
MAX_STATES = 65_536
PREFIX = 3
"""Letters of a word, or a shorter word and the blank behind it, that tell most words from every phrase."""


class Rule(NamedTuple):
    """A cue's bit is set where ``part`` is found at most ``gap`` bytes from ``other`` (-1 = on its own)."""

    part: int
    other: int
    gap: int
    cue: int


class Automaton(NamedTuple):
    """The automaton as flat arrays. States from ``first_found`` on find something; ``rules_of`` maps parts to rules.

    ``found[found_start[s]:found_start[s + 1]]`` are the parts that end in state ``s``. Where the bit ``prefix_bit`` of
    ``dull`` is set, no phrase goes on from a blank and those letters, nor, of one or two letters, with a blank behind.
    """

    symbols: NDArray[np.uint8]
    step: NDArray[np.uint16]
    first_found: int
    found_start: NDArray[np.int32]
    found: NDArray[np.int32]
    rules_of: NDArray[np.int32]
    rules: NDArray[np.int64]
    dull: NDArray[np.uint64]


def fold(text: str) -> bytes:
    """Fold a phrase as ``scan`` folds prompts: lower case by the kernel's own table, blanks for punctuation."""
    data = np.frombuffer(text.encode() + b" ", np.uint8)[:-1]
    out = np.empty(2 * len(data), np.uint8)
    return out[: _fold(data, out)].tobytes()


@njit(cache=True, nogil=True)
def _fold(data: Bytes, out: Bytes) -> int:
    low = np.empty(data.size, np.uint8)
    lower(data, data.size, low)
    n = 0
    for c in low:
        symbol = c if c >= 128 or 97 <= c <= 122 or c in (60, 91) else 48 if 48 <= c <= 57 else 32
        if symbol not in (32, 48) or n == 0 or out[n - 1] != symbol:
            out[n] = symbol
            n += 1
        if c in (60, 91):
            out[n] = 32
            n += 1
    return n


def build(phrases: Sequence[tuple[str, int]], rules: Sequence[Rule]) -> Automaton:
    """Build the automaton of ``(phrase, part)`` pairs, which are folded here.

    Raises ValueError for an empty phrase, and for one that starts with a letter of ASCII: ``scan`` skips the rest of a
    word that cannot be a phrase, so such a phrase needs a blank before it.
    """
    words = [(fold(phrase), part) for phrase, part in phrases]
    if not all(word.strip() for word, _ in words):
        raise ValueError("an empty phrase would be found everywhere")
    inside = [word.decode() for word, _ in words if 97 <= word[0] <= 122]
    if inside:
        raise ValueError(f"these phrases need a blank before them: {inside}")
    symbols = _symbols([word for word, _ in words])
    step, found = _trie(words, symbols)
    # States that find something stand last, so that one comparison tells them.
    finds = found.any(axis=1)
    order = np.argsort(finds, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    flat, first_found = _flat(place[step[order]]), int(np.sum(~finds))
    by_part = sorted([*rules] + [Rule(r.other, r.part, r.gap, r.cue) for r in rules if r.other >= 0])
    return Automaton(
        symbols,
        flat,
        first_found,
        np.concatenate([[0], np.cumsum(found[order].sum(axis=1))]).astype(np.int32),
        np.append(np.nonzero(found[order])[1], 0).astype(np.int32),
        np.searchsorted(np.array([r.part for r in by_part], np.int64), np.arange(MAX_PARTS + 1)).astype(np.int32),
        np.array([(r.other, r.gap, r.cue) for r in by_part], np.int64).reshape(-1, 3),
        _dull(flat, symbols, first_found),
    )


def _flat(step: NDArray[np.int32]) -> NDArray[np.uint16]:
    # Rows of a power of two: the next state's place is one shift and one addition away.
    if len(step) > MAX_STATES or step.shape[1] > 1 << ROW_BITS:
        raise ValueError(
            f"the lexicon has grown beyond {MAX_STATES} states or {1 << ROW_BITS} symbols; widen the automaton"
        )
    flat = np.zeros((len(step), 1 << ROW_BITS), np.uint16)
    flat[:, : step.shape[1]] = step
    return flat.ravel()


def _symbols(words: Sequence[bytes]) -> NDArray[np.uint8]:
    # A byte that no phrase has, and that no phrase could have, shares the last symbol.
    used = sorted({b for word in words for b in word} - set(b" 0<["))
    table = np.full(256, FIRST_FREE + len(used), np.uint8)
    for byte in range(128):
        if not 97 <= byte <= 122:
            table[byte] = {48: DIGIT, 60: OPEN_TAG, 91: OPEN_BRACKET}.get(byte, BLANK)
    table[48:58] = DIGIT
    for number, byte in enumerate(used):
        table[byte] = FIRST_FREE + number
    return table


def _trie(
    words: Sequence[tuple[bytes, int]], symbols: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return each state's next states by symbol, and which parts it finds."""
    text = symbols[np.frombuffer(b"".join(word for word, _ in words), np.uint8)]
    ends = np.cumsum([len(word) for word, _ in words])
    step = np.full((len(text) + 1, int(symbols.max()) + 1), -1, np.int32)
    found = np.zeros((len(text) + 1, MAX_PARTS), np.bool_)
    states = _grow(text, ends, np.array([part for _, part in words], np.int64), step, found)
    _link(step[:states], found[:states])
    return step[:states], found[:states]


@kernel
def _grow(
    text: NDArray[np.uint8],
    ends: NDArray[np.int64],
    parts: NDArray[np.int64],
    step: NDArray[np.int32],
    found: NDArray[np.bool_],
) -> int:
    """Fill the tree of all words and return its number of states."""
    states, i = 1, 0
    for word in range(ends.size):
        state = 0
        while i < ends[word]:
            if step[state, text[i]] < 0:
                step[state, text[i]] = states
                states += 1
            state = step[state, text[i]]
            i += 1
        found[state, parts[word]] = True
    return states


@njit(cache=True, nogil=True)
def _link(step: NDArray[np.int32], found: NDArray[np.bool_]) -> None:
    """Let every state go on where the longest end of what it has read goes on, states nearest the root first."""
    fail = np.zeros(len(step), np.int32)
    queue = np.zeros(len(step), np.int32)
    done, waiting = 0, 1
    while done < waiting:
        state = queue[done]
        done += 1
        if state:
            found[state] |= found[fail[state]]
        for symbol in range(step.shape[1]):
            on = step[fail[state], symbol] if state else 0
            to = step[state, symbol]
            if to > 0:
                fail[to] = on
                queue[waiting] = to
                waiting += 1
            else:
                step[state, symbol] = on


@njit(inline="always")
def prefix_bit(a: int, b: int, c: int) -> int:
    """Return the number of three bytes, each an ASCII letter in lower case or a blank."""
    return (a & 31) << 10 | (b & 31) << 5 | (c & 31)


@njit(cache=True, nogil=True)
def _dull(step: NDArray[np.uint16], symbols: NDArray[np.uint8], first_found: int) -> NDArray[np.uint64]:
    """Walk from a blank through every three letters; set the bits of those that find nothing and lead nowhere.

    Likewise of one or two letters and the blank behind them, if they lead to where a blank alone leads.
    """
    bits = np.zeros(1 << (5 * PREFIX - 6), np.uint64)
    start = np.int64(step[BLANK])
    for a in range(97, 123):
        one = np.int64(step[(start << ROW_BITS) + symbols[a]])
        if one < first_found and step[(one << ROW_BITS) + BLANK] == start:
            for behind in range(32):
                _set(bits, prefix_bit(a, 32, behind))
        for b in range(97, 123):
            two = np.int64(step[(one << ROW_BITS) + symbols[b]])
            finds = one >= first_found or two >= first_found
            if not finds and step[(two << ROW_BITS) + BLANK] == start:
                _set(bits, prefix_bit(a, b, 32))
            for c in range(97, 123):
                if not finds and step[(two << ROW_BITS) + symbols[c]] == 0:
                    _set(bits, prefix_bit(a, b, c))
    return bits


@njit(inline="always")
def _set(bits: NDArray[np.uint64], bit: int) -> None:
    bits[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
