"""Chinese in Latin letters."""

from __future__ import annotations

import pytest

from stillwatch.registry.screening.romanise import postal, romanisations, wade


@pytest.mark.parametrize(
    ("pinyin", "expected"),
    [
        ("xue", "hsueh"),
        ("zhou", "chou"),
        ("qing", "ching"),
        ("shi", "shih"),
        ("bei", "pei"),
        ("gong", "kung"),
        ("lu", "lu"),
    ],
)
def test_wade_giles_as_it_is_printed_without_apostrophes(pinyin: str, expected: str) -> None:
    assert wade(pinyin) == expected


@pytest.mark.parametrize(("pinyin", "expected"), [("qing", "tsing"), ("dao", "tao"), ("jing", "king"), ("bei", "pei")])
def test_the_postal_spelling(pinyin: str, expected: str) -> None:
    assert postal(pinyin) == expected


def test_surnames_are_read_as_surnames_or_as_either() -> None:
    assert {"shantianfang", "dantianfang"} & romanisations("单田芳")
    assert "luxun" in romanisations("鲁迅")
    assert "luhsun" in romanisations("鲁迅")
