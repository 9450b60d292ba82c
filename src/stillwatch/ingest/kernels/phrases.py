"""Many phrases found in one pass over bytes: an Aho-Corasick automaton (Aho & Corasick 1975) whose finds can be paired.

The alphabet is folded: letters to lower case, a number's digits to one 0, punctuation and white space to one blank.
A phrase that starts with a blank starts at a word's start; its end is free, so that endings may vary. A *rule* turns
one part, or two parts near each other in either order, into a cue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLANK, DIGIT, OPEN_TAG, OPEN_BRACKET = 0, 1, 2, 3
FIRST_FREE = 4
MAX_PARTS = 192
"""Parts that one automaton can tell apart; each keeps the place where it was last seen."""
NEVER = -(1 << 40)
ROW_BITS = 7
MAX_STATES = 65_536
_ROW = np.uint64(ROW_BITS)


class Rule(NamedTuple):
    """A cue's bit is set where ``part`` is found at most ``gap`` bytes from ``other`` (-1 = on its own)."""

    part: int
    other: int
    gap: int
    cue: int


class Automaton(NamedTuple):
    """The automaton as flat arrays. States from ``first_found`` on find something; ``rules_of`` maps parts to rules.

    ``found[found_start[s]:found_start[s + 1]]`` are the parts that end in state ``s``.
    """

    symbols: NDArray[np.uint8]
    step: NDArray[np.uint16]
    first_found: int
    found_start: NDArray[np.int32]
    found: NDArray[np.int32]
    rules_of: NDArray[np.int32]
    rules: NDArray[np.int64]


def fold(text: str) -> bytes:
    """Fold a phrase as ``scan`` folds prompts: lower case by the kernel's own table, blanks for punctuation."""
    data = np.frombuffer(text.encode() + b" ", np.uint8)[:-1]
    low = np.empty(len(data), np.uint8)
    lower(data, len(data), low)
    out = bytearray()
    for byte in low.tobytes():
        for symbol in _folded(byte):
            if symbol not in b" 0" or not out or out[-1] != symbol:
                out.append(symbol)
    return bytes(out)


def _folded(byte: int) -> bytes:
    if byte >= 128 or 97 <= byte <= 122:
        return bytes([byte])
    if 48 <= byte <= 57:
        return b"0"
    return {60: b"< ", 91: b"[ "}.get(byte, b" ")


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
    step, found = _link(step, found)
    order = sorted(range(len(found)), key=lambda s: (bool(found[s]), s))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    lists = [sorted(found[s]) for s in order]
    by_part = sorted([*rules] + [Rule(r.other, r.part, r.gap, r.cue) for r in rules if r.other >= 0])
    parts = np.array([r.part for r in by_part], np.int64)
    return Automaton(
        symbols,
        _flat(place[np.array(step, np.int32)[order]]),
        sum(not f for f in found),
        np.concatenate([[0], np.cumsum([len(f) for f in lists])]).astype(np.int32),
        np.array([p for f in lists for p in f] or [0], np.int32),
        np.searchsorted(parts, np.arange(MAX_PARTS + 1)).astype(np.int32),
        np.array([(r.other, r.gap, r.cue) for r in by_part], np.int64).reshape(-1, 3),
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


def _trie(words: Sequence[tuple[bytes, int]], symbols: NDArray[np.uint8]) -> tuple[list[list[int]], list[set[int]]]:
    width = int(symbols.max()) + 1
    step, found = [[-1] * width], [set[int]()]
    for word, part in words:
        state = 0
        for byte in word:
            symbol = int(symbols[byte])
            if step[state][symbol] < 0:
                step[state][symbol] = len(step)
                step.append([-1] * width)
                found.append(set())
            state = step[state][symbol]
        found[state].add(part)
    return step, found


def _link(step: list[list[int]], found: list[set[int]]) -> tuple[list[list[int]], list[set[int]]]:
    fail = [0] * len(step)
    queue: deque[int] = deque()
    for symbol, to in enumerate(step[0]):
        if to > 0:
            queue.append(to)
        step[0][symbol] = max(to, 0)
    while queue:
        state = queue.popleft()
        found[state] |= found[fail[state]]
        for symbol, to in enumerate(step[state]):
            if to < 0:
                step[state][symbol] = step[fail[state]][symbol]
            else:
                fail[to] = step[fail[state]][symbol]
                queue.append(to)
    return step, found


@njit(cache=True, nogil=True)
def _lower_extended(c: int, d: int) -> int:
    """Return the second byte of a letter of Latin Extended-A in lower case; capitals and small letters alternate."""
    if c == 0xC4:
        # Not the Turkish pair of dotted and dotless i, whose other halves are ASCII.
        even = (d <= 0xAF or 0xB2 <= d <= 0xB7) and d % 2 == 0
        return d + (1 if even or (0xB9 <= d <= 0xBD and d % 2 == 1) else 0)
    if (0x8A <= d <= 0xB7 and d % 2 == 0) or ((0x81 <= d <= 0x88 or 0xB9 <= d <= 0xBE) and d % 2 == 1):
        return d + 1
    return d


@njit(cache=True, nogil=True)
def lower(  # noqa: C901, PLR0912  (a table of letters, as branches: rare ones behind the frequent)
    data: NDArray[np.uint8], size: int, out: NDArray[np.uint8]
) -> None:
    """Copy with letters in lower case: ASCII, Latin-1 and Extended-A, Greek without accents, Cyrillic; lengths stay.

    Full-width and typographic punctuation, and the spaces beyond ASCII, become ASCII blanks.
    """
    i = 0
    while i < size:
        c = data[i]
        if c < 128:
            out[i] = c + 32 if 65 <= c <= 90 else c
            i += 1
        elif c == 0xC3 and i + 1 < size:
            d = data[i + 1]
            out[i], out[i + 1] = c, d + 32 if 0x80 <= d <= 0x9E and d != 0x97 else d
            i += 2
        elif c in (0xC4, 0xC5) and i + 1 < size:
            out[i], out[i + 1] = c, _lower_extended(c, data[i + 1])
            i += 2
        elif c == 0xCE and i + 1 < size:
            d = data[i + 1]
            if 0x91 <= d <= 0x9F:
                out[i], out[i + 1] = c, d + 32
            elif 0xA0 <= d <= 0xA9 and d != 0xA2:
                out[i], out[i + 1] = 0xCF, d - 32
            else:
                out[i], out[i + 1] = c, d
            i += 2
        elif c == 0xD0 and i + 1 < size:
            d = data[i + 1]
            if 0x90 <= d <= 0x9F:
                out[i], out[i + 1] = c, d + 32
            elif 0xA0 <= d <= 0xAF:
                out[i], out[i + 1] = 0xD1, d - 32
            elif d == 0x81:
                out[i], out[i + 1] = 0xD1, 0x91
            else:
                out[i], out[i + 1] = c, d
            i += 2
        elif c == 0xC2 and i + 1 < size:
            out[i], out[i + 1] = 32, 32
            i += 2
        elif i + 2 < size and (c == 0xE2 or (c == 0xE3 and data[i + 1] == 0x80) or (c == 0xEF and data[i + 1] == 0xBC)):
            out[i], out[i + 1], out[i + 2] = 32, 32, 32
            i += 3
        else:
            out[i] = c
            i += 1


@njit(cache=True, nogil=True)
def scan(low: NDArray[np.uint8], size: int, automaton: Automaton, seen: NDArray[np.int64]) -> int:
    """Return the cues found in ``low[:size]`` (already lower case). ``seen`` is scratch of MAX_PARTS places."""
    symbols, step, first_found = automaton.symbols, automaton.step, np.uint64(automaton.first_found)
    seen[:] = NEVER
    cues, last = 0, np.uint8(BLANK)
    state = np.uint64(step[BLANK])
    i, stop = np.uint64(0), np.uint64(size)
    while i < stop:
        symbol = symbols[low[i]]
        i += np.uint64(1)
        if symbol <= DIGIT and symbol == last:
            continue
        state = np.uint64(step[(state << _ROW) + symbol])
        last = symbol
        if symbol == OPEN_TAG or symbol == OPEN_BRACKET:  # noqa: PLR1714, SIM109  (numba compiles this to less)
            state = np.uint64(step[(state << _ROW) + np.uint64(BLANK)])
            last = np.uint8(BLANK)
        if state >= first_found:
            cues |= _found(automaton, state, np.int64(i), seen)
        elif state == 0:
            # No phrase goes on from here inside this word: on to its end.
            while i < stop and 97 <= low[i] <= 122:
                i += np.uint64(1)
    end = np.uint64(step[(state << _ROW) + np.uint64(BLANK)])
    return cues | (_found(automaton, end, size, seen) if end >= first_found else 0)


@njit(cache=True, nogil=True)
def _found(automaton: Automaton, state: np.uint64, at: int, seen: NDArray[np.int64]) -> int:
    cues = 0
    for f in range(automaton.found_start[state], automaton.found_start[state + np.uint64(1)]):
        part = automaton.found[f]
        seen[part] = at
        for r in range(automaton.rules_of[part], automaton.rules_of[part + 1]):
            other, gap, cue = automaton.rules[r, 0], automaton.rules[r, 1], automaton.rules[r, 2]
            if other < 0 or at - seen[other] <= gap:
                cues |= cue
    return cues
