"""Letters in lower case, compared with Unicode's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.kernels.letters import lower

LETTERS = st.characters(max_codepoint=0x17F) | st.sampled_from("ΑΩαωΣАЯЁабё中")
ALIKE = st.text(alphabet="AZaz@[`{ 09", max_size=40)
"""Stretches of ASCII, which are copied 32 bytes at a time, with the neighbours of its letters."""


def lowered(text: str) -> bytes:
    raw = text.encode()
    out = np.zeros(len(raw), np.uint8)
    lower(np.frombuffer(raw, np.uint8) if raw else out, len(raw), out)
    return out.tobytes()


@settings(deadline=None)  # the first call compiles
@given(st.lists(ALIKE | st.text(alphabet=LETTERS, max_size=40), max_size=4).map("".join))
def test_lower_case_is_that_of_unicode_where_lengths_stay(text: str) -> None:
    # Kept: letters whose other halves are one byte long or begin with another byte. Blanked: the signs of Latin-1.
    kept = "İıĿŸ"
    expected = "".join("  " if 0x80 <= ord(c) < 0xC0 else c if c in kept else c.lower() for c in text)
    assert lowered(text).decode() == expected


@settings(deadline=None)  # the first call compiles
@given(st.text(max_size=60))
def test_lower_keeps_the_length_and_does_nothing_twice(text: str) -> None:
    once = lowered(text)
    assert len(once) == len(text.encode())
    assert lowered(once.decode()) == once


def test_wide_punctuation_and_spaces_become_blanks() -> None:
    assert lowered("a\uff0cb\u3002c\u201cd\u201de\u00a0f").split() == [b"a", b"b", b"c", b"d", b"e", b"f"]
