"""The cues of a text: every phrase of the lexicon in one pass over its bytes (kernels/automaton.py)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.automaton import (
    BLANK,
    DIGIT,
    FIRST_FREE,
    OPEN_BRACKET,
    OPEN_TAG,
    PREFIX,
    ROW_BITS,
    Automaton,
    prefix_bit,
)
from stillwatch.ingest.kernels.blocks import BLOCK, Bytes, byte, kernel, letters_from

NEVER = -(1 << 40)
_BLANK_BYTE = 32
_ROW, _ONE, _SIX, _SIXTY_THREE = (np.uint64(x) for x in (ROW_BITS, 1, 6, 63))


@kernel
def scan(  # noqa: C901  (the hot loop, in one piece)
    low: Bytes, size: int, automaton: Automaton, seen: NDArray[np.int64]
) -> int:
    """Return the cues found in ``low[:size]``, already lower case and with a spare block behind it.

    ``seen`` is scratch of MAX_PARTS places.
    """
    symbols, step, first_found = automaton.symbols, automaton.step, np.uint64(automaton.first_found)
    seen[:] = NEVER
    cues, last = 0, np.uint8(BLANK)
    start = np.uint64(step[BLANK])
    state, i = start, 0
    while i < size:
        if state == start:
            # Nothing but a blank is behind us: most words begin like no phrase and are passed over whole.
            letters = min(letters_from(low, i), size - i)
            behind = i + letters
            if behind < size and letters > 0 and byte(low, behind) == _BLANK_BYTE:
                if _is_dull(automaton.dull, low, i):
                    i = behind + 1
                    continue
            elif letters >= PREFIX and _is_dull(automaton.dull, low, i):
                i = behind
                state, last = np.uint64(0), np.uint8(FIRST_FREE)
                while letters == BLOCK and i < size:
                    letters = min(letters_from(low, i), size - i)
                    i += letters
                continue
        symbol = symbols[byte(low, i)]
        i += 1
        if symbol <= DIGIT and symbol == last:
            continue
        state = np.uint64(step[(state << _ROW) + symbol])
        last = symbol
        if symbol == OPEN_TAG or symbol == OPEN_BRACKET:  # noqa: PLR1714, SIM109  (numba compiles this to less)
            state = np.uint64(step[(state << _ROW) + np.uint64(BLANK)])
            last = np.uint8(BLANK)
        if state >= first_found:
            cues |= _found(automaton, state, i, seen)
        elif state == 0:
            # No phrase goes on from here inside this word: on to its end.
            letters = BLOCK
            while letters == BLOCK and i < size:
                letters = min(letters_from(low, i), size - i)
                i += letters
    end = np.uint64(step[(state << _ROW) + np.uint64(BLANK)])
    return cues | (_found(automaton, end, size, seen) if end >= first_found else 0)


@njit(inline="always")
def _is_dull(dull: NDArray[np.uint64], low: Bytes, i: int) -> bool:
    bit = np.uint64(prefix_bit(byte(low, i), byte(low, i + 1), byte(low, i + 2)))
    return bool((dull[bit >> _SIX] >> (bit & _SIXTY_THREE)) & _ONE)


@kernel
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
