import pytest

from stillwatch.detect.threads import each


def test_results_stand_in_the_order_of_what_they_are_made_of() -> None:
    assert each(lambda a, b: a - b, range(100), [1] * 100) == list(range(-1, 99))


def test_what_one_piece_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda a: 1 // a, [1, 0, 1])
