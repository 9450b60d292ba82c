"""Chinese names against Chinese and Latin ones."""

from __future__ import annotations

import pytest

from stillwatch.registry.screening.han import compare_han, compare_latin, looks_like_person, segments
from stillwatch.registry.screening.match import REVIEW
from stillwatch.registry.screening.scripts import fold, latin_tokens


def latin(han: str, other: str) -> float:
    return compare_latin(fold(han), latin_tokens(other)).score


@pytest.mark.parametrize(
    ("han", "other"),
    [
        ("清华大学", "Tsinghua University"),
        ("北京理工大学", "Beijing Institute of Technology"),
        ("國立成功大學", "National Cheng Kung University"),
        ("青岛啤酒股份有限公司", "Tsingtao Brewery Co., Ltd."),
        ("中山大学", "Sun Yat-sen University"),
        ("鲁迅", "Lu Xun"),
        ("魯迅", "Lu Hsün"),
        ("曹雪芹", "Xueqin Cao"),
        ("欧阳修", "Ouyang Xiu"),
    ],
)
def test_the_same_name_in_both_scripts_is_found(han: str, other: str) -> None:
    assert latin(han, other) >= REVIEW


@pytest.mark.parametrize(
    ("han", "other"),
    [
        ("北京大学", "Beijing Institute of Technology"),
        ("北京大学", "Beijing Normal University"),
        ("中国科学院物理研究所", "Institute of Chemistry, Chinese Academy of Sciences"),
        ("中国银行", "China Construction Bank"),
        ("苏州大学", "Fuzhou University"),
        ("王维", "Wang Wei Ming"),
        ("鲁迅", "Lu Xiang"),
    ],
)
def test_another_name_that_shares_words_or_sounds_is_not(han: str, other: str) -> None:
    assert latin(han, other) < REVIEW


def test_traditional_and_simplified_characters_are_one() -> None:
    assert compare_han(fold("國立臺灣大學"), fold("国立台湾大学")).score == 1.0


def test_one_other_character_is_another_name() -> None:
    assert compare_han("羽蕨科技有限公司", "羽叶科技有限公司").score < REVIEW
    assert compare_han("李明", "李鸣").score < REVIEW
    assert compare_han("羽蕨科技", "羽蕨科技有限公司").score >= REVIEW


def test_names_are_split_at_the_longest_known_words() -> None:
    assert [s.text for s in segments("北京羽蕨科技有限公司")] == ["北京", "羽蕨", "科技", "有限公司"]
    assert [s.text for s in segments("北京理工大学")] == ["北京", "理工大学"]


def test_a_person_is_told_from_a_place_or_an_institution() -> None:
    assert looks_like_person("曹雪芹")
    assert not looks_like_person("中国银行")
    assert not looks_like_person("海尔")
    assert not looks_like_person("王")
