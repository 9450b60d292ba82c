from __future__ import annotations

from stillwatch_lab.audit.reliability import find_reliability
from stillwatch_lab.audit.shares import Share


def test_luck_is_told_from_knowledge() -> None:
    found = find_reliability(["1", "2", "3"], ["1", "1", "2", "9", "9", ""], draws=2)
    assert found.same == Share(1, 3)
    assert found.always_right == Share(1, 3)
    assert found.once_right == Share(2, 3)
    assert found.empty == Share(1, 6)


def test_the_same_wrong_answer_each_time_is_reliable_and_not_right() -> None:
    found = find_reliability(["1"], ["9", "9", "9"], draws=3)
    assert (found.same, found.always_right, found.once_right) == (Share(1, 1), Share(0, 1), Share(0, 1))
