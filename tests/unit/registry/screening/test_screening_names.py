"""Two names of any scripts."""

from __future__ import annotations

import pytest

from stillwatch.registry.nouns import Entity, Kind
from stillwatch.registry.screening import latin
from stillwatch.registry.screening.match import REVIEW
from stillwatch.registry.screening.names import compare_names, is_weak, prepare
from stillwatch.registry.screening.scripts import fold


@pytest.mark.parametrize(
    ("entities", "loads"),
    [
        ([Entity(Kind.COMPANY, "Ada Fern Ltd"), Entity(Kind.PERSON, "羽明远")], 0),
        ([Entity(Kind.PERSON, "羽明远", aliases=("Yu Mingyuan",))], 1),
        ([Entity(Kind.PERSON, "Ада Папоротникова")], 1),
    ],
)
def test_given_names_are_loaded_for_listed_persons_alone(
    monkeypatch: pytest.MonkeyPatch, entities: list[Entity], loads: int
) -> None:
    loaded: list[bool] = []
    monkeypatch.setattr(latin, "load_given_names", lambda: loaded.append(True))
    prepare(entities)
    assert len(loaded) == loads


def test_one_other_syllable_is_another_korean() -> None:
    assert compare_names("김종은", "김정은", Kind.PERSON).score < REVIEW
    assert compare_names("이재형", "이재명", Kind.PERSON).score < REVIEW
    assert compare_names("주식회사 가상고사리연구소", "가상고사리연구소", Kind.COMPANY).score == 1.0


def test_sound_alone_is_weak_and_characters_are_not() -> None:
    assert compare_names("Yu Mingyuan", "羽明远", Kind.PERSON).weak
    assert compare_names("Yu Mingyuan", "羽明远", Kind.PERSON).score >= REVIEW
    assert not compare_names("羽明遠", "羽明远", Kind.PERSON).weak
    assert not compare_names("Yujue Technology", "羽蕨科技有限公司", Kind.COMPANY).weak


@pytest.mark.parametrize("name", ["Fern", "中国银行", "Bank of China", "Acme Ltd", "李明", "김철"])
def test_short_and_general_names_are_weak(name: str) -> None:
    assert is_weak(fold(name))


@pytest.mark.parametrize("name", ["Quillfern", "羽蕨模型工坊有限公司", "Lunar Fern Computing LLC", "가상고사리연구소"])
def test_telling_names_are_not(name: str) -> None:
    assert not is_weak(fold(name))


def test_a_mixed_name_is_compared_by_its_chinese_part() -> None:
    assert compare_names("羽蕨科技 (Yujue Tech)", "羽蕨科技有限公司", Kind.COMPANY).score >= REVIEW
