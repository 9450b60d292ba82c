"""Letters in lower case, without changing any text's length."""

from __future__ import annotations

from stillwatch.ingest.kernels.blocks import BLOCK, Bytes, copy_lower, first, kernel


@kernel
def _lower_extended(c: int, d: int) -> int:
    """Return the second byte of a letter of Latin Extended-A in lower case; capitals and small letters alternate."""
    if c == 0xC4:
        # Not the Turkish pair of dotted and dotless i, whose other halves are ASCII.
        even = (d <= 0xAF or 0xB2 <= d <= 0xB7) and d % 2 == 0
        return d + (1 if even or (0xB9 <= d <= 0xBD and d % 2 == 1) else 0)
    if (0x8A <= d <= 0xB7 and d % 2 == 0) or ((0x81 <= d <= 0x88 or 0xB9 <= d <= 0xBE) and d % 2 == 1):
        return d + 1
    return d


@kernel
def lower(data: Bytes, size: int, out: Bytes) -> None:
    """Copy with letters in lower case: ASCII, Latin-1 and Extended-A, Greek without accents, Cyrillic; lengths stay.

    Full-width and typographic punctuation, and the spaces beyond ASCII, become ASCII blanks. What stands in ``out``
    behind ``size`` afterwards is undefined.
    """
    room = min(data.size, out.size) - BLOCK
    i = 0
    while i < size:
        if i <= room:
            i += min(first(copy_lower(data, out, i)), BLOCK)
            while i < size and data[i] >= 128:
                i = _lower_letter(data, i, size, out)
        else:
            i = _lower_letter(data, i, size, out)


@kernel
def _lower_letter(  # noqa: C901, PLR0911, PLR0912  (a table of letters, as branches: rare ones behind the frequent)
    data: Bytes, i: int, size: int, out: Bytes
) -> int:
    """Copy the letter at ``i`` and return the place behind it."""
    c = data[i]
    if c < 128:
        out[i] = c + 32 if 65 <= c <= 90 else c
        return i + 1
    if i + 1 >= size:
        out[i] = c
        return i + 1
    d = data[i + 1]
    out[i], out[i + 1] = c, d
    if c == 0xC3:
        out[i + 1] = d + 32 if 0x80 <= d <= 0x9E and d != 0x97 else d
        return i + 2
    if c in (0xC4, 0xC5):
        out[i + 1] = _lower_extended(c, d)
        return i + 2
    if c == 0xCE:
        if 0x91 <= d <= 0x9F:
            out[i + 1] = d + 32
        elif 0xA0 <= d <= 0xA9 and d != 0xA2:
            out[i], out[i + 1] = 0xCF, d - 32
        return i + 2
    if c == 0xD0:
        if 0x90 <= d <= 0x9F:
            out[i + 1] = d + 32
        elif 0xA0 <= d <= 0xAF:
            out[i], out[i + 1] = 0xD1, d - 32
        elif d == 0x81:
            out[i], out[i + 1] = 0xD1, 0x91
        return i + 2
    if c == 0xC2:
        out[i], out[i + 1] = 32, 32
        return i + 2
    if i + 2 < size and (c == 0xE2 or (c == 0xE3 and d == 0x80) or (c == 0xEF and d == 0xBC)):
        out[i], out[i + 1], out[i + 2] = 32, 32, 32
        return i + 3
    return i + 1
