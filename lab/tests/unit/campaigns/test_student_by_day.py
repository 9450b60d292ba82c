from __future__ import annotations

from stillwatch_lab.campaigns.student import Scale, day_found, day_reached, student_by_day

CURVE = {100: [0.4], 1000: [0.9]}


def day(number: int, answered: int, hidden: int = 0, *, found: bool = False) -> dict[str, object]:
    return {"day": number, "harvest": {"answered": answered, "without_reasoning": hidden}, "found": found}


def test_a_student_is_as_good_as_the_answers_it_has_with_reasoning() -> None:
    days = [day(0, 0), day(1, 60, 10), day(2, 500)]
    found = student_by_day(days, CURVE, Scale(wanted=500, queries=1000), chance=0.2)
    assert [one["queries"] for one in found] == [0.0, 100.0, 1000.0]
    assert [one["student"] for one in found] == [0.2, 0.4, 0.9]


def test_the_first_day_that_it_is_found_counts() -> None:
    assert day_found([day(0, 1), day(1, 2, found=True), day(2, 3, found=True)]) == 1
    assert day_found([day(0, 1)]) is None


def test_days_are_counted_from_one() -> None:
    assert day_reached([10, 20, 30], 20) == 2
    assert day_reached([10, 20, 30], 31) is None
