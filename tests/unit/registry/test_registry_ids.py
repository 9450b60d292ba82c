"""Check digits, against published identifiers."""

from __future__ import annotations

import pytest

from stillwatch.errors import RegistryError
from stillwatch.registry.ids import check_lei, check_uscc, fold_id, is_lei, is_uscc

LEI = "506700GE1G29325QX363"
"""GLEIF's own."""
USCC = "91350100M000100Y43"
"""The worked example of python-stdnum's stdnum.cn.uscc, after GB 32100-2015."""


@pytest.mark.parametrize("at", range(20))
def test_an_lei_has_no_wrong_character(at: int) -> None:
    assert is_lei(LEI)
    wrong = "7" if LEI[at] != "7" else "8"
    assert not is_lei(LEI[:at] + wrong + LEI[at + 1 :])


@pytest.mark.parametrize("at", range(18))
def test_a_uscc_has_no_wrong_character(at: int) -> None:
    assert is_uscc(USCC)
    wrong = "7" if USCC[at] != "7" else "8"
    assert not is_uscc(USCC[:at] + wrong + USCC[at + 1 :])


@pytest.mark.parametrize("text", ["", LEI[:-1], LEI.lower(), LEI + "0", "é" * 20])
def test_other_texts_are_no_lei(text: str) -> None:
    with pytest.raises(RegistryError, match="ISO 17442"):
        check_lei(text)


@pytest.mark.parametrize("text", ["", USCC[:-1], USCC.lower(), USCC + "0", USCC[:8] + "O" + USCC[9:], "年" * 18])
def test_other_texts_are_no_uscc(text: str) -> None:
    with pytest.raises(RegistryError, match="GB 32100"):
        check_uscc(text)


def test_ids_are_compared_without_what_people_put_between() -> None:
    assert fold_id(" 5067-00ge.1G29 325QX363") == LEI
