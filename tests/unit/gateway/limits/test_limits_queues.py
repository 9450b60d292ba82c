from __future__ import annotations

import pytest

from limits_bench import Books, tokens
from stillwatch.gateway.limits.queues import leave_queues, queue_up, room_for, seconds_to_wait


def books() -> Books:
    made = Books([tokens()])
    made.budget().level = 4000.0
    return made


def test_the_first_has_all_the_room_and_the_next_what_the_first_leaves() -> None:
    made = books()
    first, second, running = (made.admitted() for _ in range(3))
    free = 4000 - 3 * 1024
    queue_up(first, 100.0)
    queue_up(second, 50.0)
    rooms = [room_for(made.budget(), held) for held in (first, second, running)]
    assert rooms == [free, free - 100, free - 150]


def test_waiting_again_keeps_the_place_and_counts_once() -> None:
    made = books()
    first, second = made.admitted(), made.admitted()
    queue_up(first, 100.0)
    queue_up(second, 50.0)
    queue_up(first, 70.0)
    assert made.budget().waiting == 120
    assert list(made.budget().queue) == [first, second]
    leave_queues(first)
    leave_queues(second)
    assert (made.budget().waiting, made.budget().queue) == (0, {})


def test_who_comes_later_waits_for_all_before() -> None:
    made = books()
    first, second = made.admitted(), made.admitted()
    made.budget().level = 2048.0
    queue_up(first, 100.0)
    queue_up(second, 50.0)
    assert seconds_to_wait(made.budget(), first, 0.0) == pytest.approx(1.0)
    assert seconds_to_wait(made.budget(), second, 0.0) == pytest.approx(1.5)
