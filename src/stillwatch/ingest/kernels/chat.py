"""OpenAI-shaped message lists to role-separated text, in one pass over the JSON bytes.

A small state machine instead of a JSON library, because a Python object for every message costs more than all of the
fingerprinting. What it does not understand it reports, and the row is then taken as plain text.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import BLOCK, Bytes, byte, copy, equal, first, kernel

Spans = NDArray[np.int64]

MAX_PARTS = 64
"""Content parts of one message that are read; more than that are skipped."""
MAX_PREFILL_BYTES = 1_024
"""A closing assistant message up to this long is a prefill: the caller wrote how the answer is to begin, and it is read
like the instruction it is. A longer one is an answer that was logged with its question, and is left out."""
QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125
_ROLE, _CONTENT = np.frombuffer(b"role", np.uint8), np.frombuffer(b"content", np.uint8)
LETTER_A, LETTER_D, LETTER_F, LETTER_S, LETTER_T, LETTER_U = 97, 100, 102, 115, 116, 117


@kernel
def skip_space(data: Bytes, i: int, stop: int) -> int:
    """Return the place of the next byte that is not white space."""
    while i < stop and (data[i] == 32 or (9 <= data[i] <= 13)):
        i += 1
    return i


@kernel
def skip_string(data: Bytes, i: int, stop: int) -> int:
    """From an opening quote, return the place behind the closing one, or -1."""
    i += 1
    last = data.size - BLOCK
    while i < stop:
        if i <= last:
            plain = first(equal(data, i, QUOTE) | equal(data, i, BACKSLASH))
            if plain >= BLOCK:
                i += BLOCK
                continue
            i += plain
            if i >= stop:
                return -1
        c = byte(data, i)
        if c == QUOTE:
            return i + 1
        i += 2 if c == BACKSLASH else 1
    return -1


@kernel
def skip_value(data: Bytes, i: int, stop: int) -> int:
    """From the start of any JSON value, return the place behind it, or -1. Depth is a number: nesting costs nothing."""
    depth = 0
    while i < stop:
        c = data[i]
        if c == QUOTE:
            i = skip_string(data, i, stop)
            if i < 0:
                return -1
        elif c in (OPEN_LIST, OPEN_OBJECT):
            depth += 1
            i += 1
        elif c in (CLOSE_LIST, CLOSE_OBJECT):
            if depth == 0:
                return i
            depth -= 1
            i += 1
        elif c == COMMA and depth == 0:
            return i
        else:
            i += 1
            continue
        if depth == 0:
            return i
    return i if depth == 0 else -1


@kernel
def _hex(data: Bytes, i: int) -> int:
    value = 0
    for k in range(i, i + 4):
        c = int(np.int64(data[k]))
        if 48 <= c <= 57:
            digit = c - 48
        elif 97 <= c <= 102:
            digit = c - 87
        elif 65 <= c <= 70:
            digit = c - 55
        else:
            return -1
        value = value * 16 + digit
    return value


@kernel
def _put_utf8(out: Bytes, n: int, code: int) -> int:
    if code < 0x80:
        out[n] = code
        return n + 1
    if code < 0x800:
        out[n] = 0xC0 | (code >> 6)
        out[n + 1] = 0x80 | (code & 63)
        return n + 2
    if code < 0x10000:
        out[n] = 0xE0 | (code >> 12)
        out[n + 1] = 0x80 | ((code >> 6) & 63)
        out[n + 2] = 0x80 | (code & 63)
        return n + 3
    out[n] = 0xF0 | (code >> 18)
    out[n + 1] = 0x80 | ((code >> 12) & 63)
    out[n + 2] = 0x80 | ((code >> 6) & 63)
    out[n + 3] = 0x80 | (code & 63)
    return n + 4


@kernel
def _escape(data: Bytes, i: int, stop: int, out: Bytes, n: int) -> tuple[int, int]:
    """Decode the escape at ``i`` (a backslash); lone surrogates become U+FFFD. Return the next place and length."""
    c = data[i + 1]
    if c != LETTER_U:
        plain = c
        if c == 110:
            plain = 10
        elif c == 116:
            plain = 9
        elif c == 114:
            plain = 13
        elif c in (98, 102):
            plain = 32
        out[n] = plain
        return i + 2, n + 1
    code = _hex(data, i + 2) if i + 6 <= stop else -1
    if code < 0:
        out[n] = 63
        return i + 2, n + 1
    i += 6
    if 0xD800 <= code < 0xDC00 and i + 6 <= stop and data[i] == BACKSLASH and data[i + 1] == LETTER_U:
        low = _hex(data, i + 2)
        if 0xDC00 <= low < 0xE000:
            return i + 6, _put_utf8(out, n, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
    if 0xD800 <= code < 0xE000:
        code = 0xFFFD
    return i, _put_utf8(out, n, code)


@kernel
def unescape(data: Bytes, start: int, stop: int, out: Bytes, n: int) -> int:
    """Append the decoded inside of a JSON string to ``out`` from ``n``, and return the new length.

    That is never longer than the encoded form; what stands in ``out`` behind it is undefined.
    """
    i = start
    last, room = data.size - BLOCK, out.size - BLOCK
    while i < stop:
        if i <= last and n <= room:
            copy(data, i, out, n)
            plain = min(first(equal(data, i, BACKSLASH)), BLOCK, stop - i)
            i, n = i + plain, n + plain
            if plain == BLOCK or i >= stop:
                continue
        c = data[i]
        if c == BACKSLASH and i + 1 < stop:
            i, n = _escape(data, i, stop, out, n)
        else:
            out[n] = c
            n += 1
            i += 1
    return n


@kernel
def _content(data: Bytes, i: int, stop: int, spans: Spans) -> tuple[int, int]:  # noqa: C901, PLR0911  (a parser)
    """Collect the text spans of a content value at ``i``; return the place behind it (-1: malformed), their number."""
    if data[i] == QUOTE:
        end = skip_string(data, i, stop)
        if end < 0:
            return -1, 0
        spans[0, 0], spans[0, 1] = i + 1, end - 1
        return end, 1
    if data[i] != OPEN_LIST:
        return skip_value(data, i, stop), 0
    end = skip_value(data, i, stop)
    if end < 0:
        return -1, 0
    found = 0
    k = i + 1
    while k < end and found < MAX_PARTS:
        # A part's text is the string behind a key "text", wherever it stands in the part.
        if data[k] == QUOTE:
            after = skip_string(data, k, end)
            if after < 0:
                return -1, 0
            colon = skip_space(data, after, end)
            is_key = colon < end and data[colon] == COLON
            if is_key and after - k == 6 and data[k + 1] == LETTER_T and data[k + 2] == 101 and data[k + 3] == 120:
                value = skip_space(data, colon + 1, end)
                if value < end and data[value] == QUOTE:
                    after = skip_string(data, value, end)
                    if after < 0:
                        return -1, 0
                    spans[found, 0], spans[found, 1] = value + 1, after - 1
                    found += 1
            k = after
        else:
            k += 1
    return end, found


@njit(inline="always")
def _is_key(data: Bytes, start: int, length: int, name: Bytes) -> bool:
    if length != name.size:
        return False
    for k in range(length):  # noqa: SIM110  (Numba has no generators here)
        if data[start + k] != name[k]:
            return False
    return True


@kernel
def read_chat(  # noqa: C901, PLR0911, PLR0912, PLR0917  (a parser in one loop: calls per message would cost more)
    data: Bytes, start: int, stop: int, user: Bytes, system: Bytes, spans: Spans, out: Spans
) -> bool:
    """Separate a message list: the last user message (else the last of all) into ``user``, system text into ``system``.

    A prefill (a short assistant message at the very end) follows the user's text. ``out`` receives the length of the
    user text, of the system text, and the number of assistant and tool messages before the end.
    Returns False where the bytes are not a list of objects with a role; the caller then takes them as plain text.
    """
    i = skip_space(data, start, stop)
    if i >= stop or data[i] != OPEN_LIST:
        return False
    i = skip_space(data, i + 1, stop)
    users, systems, turns, messages, prefill, any_user, closing = 0, 0, 0, 0, 0, False, False
    while i < stop and data[i] == OPEN_OBJECT:
        role, parts = 0, 0
        i = skip_space(data, i + 1, stop)
        while i < stop and data[i] == QUOTE:
            key = i + 1
            i = skip_string(data, i, stop)
            if i < 0:
                return False
            length = i - 1 - key
            i = skip_space(data, i, stop)
            if i >= stop or data[i] != COLON:
                return False
            i = skip_space(data, i + 1, stop)
            if i >= stop:
                return False
            if data[i] == QUOTE and _is_key(data, key, length, _ROLE):
                role = int(np.int64(data[i + 1])) if i + 1 < stop else 0
                i = skip_string(data, i, stop)
            elif _is_key(data, key, length, _CONTENT):
                i, parts = _content(data, i, stop, spans)
            else:
                i = skip_value(data, i, stop)
            if i < 0:
                return False
            i = skip_space(data, i, stop)
            if i < stop and data[i] == COMMA:
                i = skip_space(data, i + 1, stop)
        if i >= stop or data[i] != CLOSE_OBJECT or role == 0:
            return False
        messages += 1
        prefill, closing = 0, role == LETTER_A and any_user and parts > 0
        if role in (LETTER_S, LETTER_D):
            for p in range(parts):
                systems = unescape(data, spans[p, 0], spans[p, 1], system, systems)
                system[systems] = 10
                systems += 1
        elif role == LETTER_U or not any_user:
            users = 0
            for p in range(parts):
                users = unescape(data, spans[p, 0], spans[p, 1], user, users)
                user[users] = 10
                users += 1
            any_user = any_user or role == LETTER_U
        elif closing and spans[parts - 1, 1] - spans[0, 0] <= MAX_PREFILL_BYTES:
            # Behind the user's text, and forgotten if any message follows.
            for p in range(parts):
                prefill = unescape(data, spans[p, 0], spans[p, 1], user, users + prefill) - users
        if role in (LETTER_A, LETTER_T, LETTER_F):
            turns += 1
        i = skip_space(data, i + 1, stop)
        if i < stop and data[i] == COMMA:
            i = skip_space(data, i + 1, stop)
    if i >= stop or data[i] != CLOSE_LIST or messages == 0 or skip_space(data, i + 1, stop) != stop:
        return False
    out[0], out[1], out[2] = users + prefill, systems, turns - closing
    return True
