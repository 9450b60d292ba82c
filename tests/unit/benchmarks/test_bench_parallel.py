from __future__ import annotations

import time

from benchmarks.parallel import each


def test_results_come_in_order() -> None:
    assert list(each(abs, [-3, 2, -1, 5])) == [3, 2, 1, 5]


def test_nothing_begins_after_the_end() -> None:
    assert list(each(abs, [1, 2], until=time.monotonic() - 1)) == []
