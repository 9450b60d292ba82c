from pathlib import Path

import narwhals as nw
import numpy as np
import pytest

from planted import table_of
from stillwatch.detect.load import MAX_BITS, Load, find_loads, measure, taking_turns
from stillwatch.records import Family
from stillwatch.store.engine import Engine

DAYS = 10


def hours(shifts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return (account, hour) rows: each account is active in its hours of every day."""
    rows = [(a, 24 * day + hour) for a, mine in enumerate(shifts) for day in range(DAYS) for hour in mine]
    account, hour = (np.array(column) for column in zip(*rows, strict=True))
    return account, hour


def test_accounts_that_share_out_the_day_take_turns() -> None:
    load = measure(*hours([list(range(4 * a, 4 * a + 4)) for a in range(6)]))
    assert load.together == 0.0
    assert load.expected > 20.0
    (found,) = taking_turns(load)
    assert (found.family, found.bits) == (Family.TIMING, MAX_BITS)


def test_strangers_do_not_take_turns() -> None:
    draw = np.random.default_rng(4)
    shifts = [sorted(draw.choice(24, 8, replace=False).tolist()) for _ in range(30)]
    assert taking_turns(measure(*hours(shifts))) == []


def test_people_who_live_by_one_day_do_not_take_turns() -> None:
    assert taking_turns(measure(*hours([[9, 10, 11, 14, 15]] * 12))) == []


@pytest.mark.parametrize(
    "load", [Load(0.0, 19.0, 0.005), Load(80.0, 100.0, 0.005), Load(0.0, 100.0, 0.01), Load(0.0, 0.0, 1.0)]
)
def test_little_or_unsure_avoidance_says_nothing(load: Load) -> None:
    assert taking_turns(load) == []


def test_says_the_same_whatever_the_order_of_rows() -> None:
    account, hour = hours([[1, 2], [5, 6], [9, 10]])
    order = np.random.default_rng(1).permutation(len(account))
    turned = np.argsort(account[order], kind="stable")
    assert measure(account, hour) == measure(account[order][turned], hour[order][turned])


def test_measures_each_group_by_its_own_accounts(tmp_path: Path) -> None:
    account, hour = hours([[0, 1], [6, 7], [12, 13], [18, 19]])
    rows = [{"account": int(a) + 1, "hour": int(h)} for a, h in zip(account, hour, strict=True)]
    with Engine(tmp_path) as engine:
        calls = engine.lazy(table_of(rows)).with_columns(group=nw.lit(0))
        (load,) = find_loads(engine, calls, [np.array([1, 2, 3, 4])])
        nobody = find_loads(engine, calls, [np.array([9])])
    assert load == measure(account, hour)
    assert nobody == [Load(0.0, 0.0, 1.0)]


def test_further_turns_change_nothing_once_one_shows_as_few() -> None:
    together = measure(*hours([[9, 10, 11, 14, 15]] * 12))
    assert together.chance > 0.005  # more than one turn in two hundred: nothing to find
    assert taking_turns(together) == []
    apart = measure(*hours([list(range(4 * a, 4 * a + 4)) for a in range(6)]))
    assert apart.chance == 0.005
