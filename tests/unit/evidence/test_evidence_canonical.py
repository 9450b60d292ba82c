"""Canonical JSON against another implementation of RFC 8785, and what it refuses."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence.canonical import canonical, parse_canonical

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_the_bytes_are_those_of_another_implementation(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(values)
def test_what_was_written_is_read(value: object) -> None:
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), {"ä": 1}, {1: 2}, b"x", "\ud800", {"a": [1.0]}])
def test_what_has_no_canonical_form_here_is_refused(value: object) -> None:
    with pytest.raises(EvidenceError):
        canonical(value)


@pytest.mark.parametrize(
    "data", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1}\n', b'"\\u0061"', b"1.0", b"{", b'{"a":1,"a":1}']
)
def test_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        parse_canonical(data)
