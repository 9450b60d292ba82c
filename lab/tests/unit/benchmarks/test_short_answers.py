from __future__ import annotations

import pytest

from stillwatch_lab.benchmarks.short_answers import find_answer, is_same_answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (r"so \boxed{3}, no: \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        ("The answer is 42.", "42"),
        ("Answer: 7\nAnswer: 8", "8"),
        ("first\n9", "9"),
        ("", ""),
        (r"\boxed{never closed", "never closed"),
    ],
)
def test_the_last_answer_is_taken(said: str, answer: str) -> None:
    assert find_answer(said) == answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.5", r"\frac{1}{2}"),
        (r"\dfrac12", "1/2"),
        ("$ 12,345 $", "12345"),
        (r"\left( x+1 \right)", "(x+1)"),
        ("-2", "-2.0"),
    ],
)
def test_the_same_in_other_writing(one: str, other: str) -> None:
    assert is_same_answer(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("2", "3"), ("", ""), ("x+1", "1+x"), ("1/0", "1"), (r"-\frac{1}{2}", "1/2")]
)
def test_what_is_not_the_same(one: str, other: str) -> None:
    assert not is_same_answer(one, other)
