"""Numbers in the C2SP formats have one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence.numbers import MAX_NUMBER, parse_number


@given(st.integers(0, MAX_NUMBER))
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    assert parse_number(str(number), what="n") == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "01", "00", " 1", "1 ", "1\n", "1_0", "1.0", "0x1", "\u0661", str(1 << 63), "9" * 20, "1" * 5000],
)
def test_another_spelling_or_too_large_a_number_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="the size"):
        parse_number(text, what="the size")
