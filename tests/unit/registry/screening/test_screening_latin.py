"""Names of other scripts, with rigour."""

from __future__ import annotations

import pytest

from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.latin import compare
from stillwatch.registry.screening.match import REVIEW


@pytest.mark.parametrize(
    ("query", "listed", "kind"),
    [
        ("Quillfern Model Works Limited", "Quillfern Model Works Ltd", Kind.COMPANY),
        ("Quilfern Model Works", "Quillfern Model Works Ltd", Kind.COMPANY),
        ("Lunnyy Paporotnik OOO", "ООО «Лунный папоротник»", Kind.COMPANY),  # noqa: RUF001 - Cyrillic on purpose
        ("Fern, Ada M.", "Ada Maria Fern", Kind.PERSON),
        ("A. Fernsby", "Ada Fernsby", Kind.PERSON),
    ],
)
def test_what_is_written_otherwise_is_still_found(query: str, listed: str, kind: Kind) -> None:
    assert compare(query, listed, kind).score >= REVIEW


@pytest.mark.parametrize(
    ("query", "listed", "kind"),
    [
        ("Saltmarsh Model Works Ltd", "Quillfern Model Works Ltd", Kind.COMPANY),
        ("Ada Fernsby", "Boris Fernsby", Kind.PERSON),
        ("B. Fernsby", "Ada Fernsby", Kind.PERSON),
    ],
)
def test_another_name_is_not(query: str, listed: str, kind: Kind) -> None:
    assert compare(query, listed, kind).score < REVIEW


def test_it_says_what_was_paired_with_what() -> None:
    assert "a. = ada" in compare("A. Fernsby", "Ada Fernsby", Kind.PERSON).why
    assert "not listed: trading" in compare("Quillfern Trading", "Quillfern", Kind.COMPANY).why
