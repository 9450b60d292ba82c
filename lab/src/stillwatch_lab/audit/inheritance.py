"""What a student has of its teacher: right answers, wrong answers, agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwatch_lab.audit.shares import Share, count


@dataclass(frozen=True)
class Inheritance:
    """``same_wrong``: of the questions that the teacher gets wrong, those with the same wrong answer.

    ``by_others``: the same share for models known to be independent, which is what chance and common difficulty give.
    """

    teacher_right: Share
    student_right: Share
    agreement: Share
    same_wrong: Share
    new_errors: Share
    by_others: Mapping[str, Share]


def find_inheritance(
    truth: Sequence[str], teacher: Sequence[str], student: Sequence[str], others: Mapping[str, Sequence[str]]
) -> Inheritance:
    """Compare answers to the same questions."""
    wrong = [place for place, (right, said) in enumerate(zip(truth, teacher, strict=True)) if said != right]
    known = [place for place in range(len(truth)) if place not in set(wrong)]

    def same(answers: Sequence[str]) -> Share:
        return count([answers[place] == teacher[place] for place in wrong])

    return Inheritance(
        teacher_right=count([a == b for a, b in zip(truth, teacher, strict=True)]),
        student_right=count([a == b for a, b in zip(truth, student, strict=True)]),
        agreement=count([a == b for a, b in zip(teacher, student, strict=True)]),
        same_wrong=same(student),
        new_errors=count([student[place] != truth[place] for place in known]),
        by_others={name: same(answers) for name, answers in others.items()},
    )
