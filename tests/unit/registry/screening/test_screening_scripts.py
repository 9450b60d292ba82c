"""Text folded for comparison."""

from __future__ import annotations

from stillwatch.registry.screening.scripts import MAX_NAME, fold, has_latin, is_han, is_hangul, latin_tokens


def test_forms_case_punctuation_and_hidden_marks_do_not_count() -> None:
    assert fold("  ＱＵＩＬＬＦＥＲＮ, Model-Works\u202e!") == "quillfern model works"  # noqa: RUF001 - full-width on purpose
    assert fold("Xi'an") == "xian"
    assert fold("阿里「羽」電腦") == "阿里 羽 电脑"


def test_other_scripts_are_spelt_in_latin_letters() -> None:
    assert latin_tokens("Лунный папоротник") == ("lunnyj", "paporotnik") or latin_tokens("Лунный")[0].startswith("lunn")
    assert latin_tokens("Erdoğan") == ("erdogan",)
    assert latin_tokens("羽蕨") == ()


def test_scripts_are_told_apart() -> None:
    assert is_han(fold("羽蕨 Ltd"))
    assert not is_han(fold("バラク・オバマ"))
    assert is_hangul(fold("가상"))
    assert has_latin(fold("Ærø"))
    assert not has_latin(fold("羽蕨"))


def test_an_endless_name_is_cut() -> None:
    assert len(fold("x" * 100_000)) == MAX_NAME
