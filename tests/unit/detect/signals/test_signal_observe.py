from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand_made_calls import REFUSED, Row, account_table, call, call_table, calls_in

from stillwatch.detect.observe import Observed, observe
from stillwatch.detect.signal import Signal, find_signals
from stillwatch.store.engine import Engine

SIGNALS = {s.name: s for s in find_signals()}
FAR = 10**15
"""Background accounts are keyed hashes, far above the numbers of strands."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path) as opened:
        yield opened


def watch(engine: Engine, signal: Signal, strands: list[Row], background: list[Row]) -> list[Observed]:
    return observe(
        engine,
        [signal],
        strand_calls=engine.lazy(call_table(strands)),
        strand_accounts=None,
        background_calls=engine.lazy(call_table(background)),
        background_accounts=None,
    )


def test_keeps_strands_and_background_apart_and_in_order(engine: Engine) -> None:
    hashes = [-(number**9) for number in range(50)]
    strands = [call(unit, address=value) for unit in (2, 0, 1) for value in hashes]
    (seen,) = watch(engine, SIGNALS["address"], strands, [call(FAR, address=70)])
    assert seen.strands.unit.tolist() == [unit for unit in (0, 1, 2) for _ in range(50)]
    assert seen.strands.observable.tolist() == sorted(hashes) * 3
    assert seen.background.unit.tolist() == [FAR]
    assert seen.background.calls.tolist() == [1]


def test_leaves_out_signals_of_accounts_where_there_is_no_accounts_table(engine: Engine) -> None:
    assert watch(engine, SIGNALS["payment"], [call(1)], [call(FAR)]) == []


def test_shows_each_population_its_own_accounts(engine: Engine) -> None:
    frames = [engine.lazy(account_table([{"account": a, "payment_fingerprint": 70}])) for a in (1, FAR)]
    (seen,) = observe(
        engine,
        [SIGNALS["payment"]],
        strand_calls=engine.lazy(call_table([])),
        strand_accounts=frames[0],
        background_calls=engine.lazy(call_table([])),
        background_accounts=frames[1],
    )
    assert (seen.strands.unit.tolist(), seen.background.unit.tolist()) == ([1], [FAR])


def test_holds_strands_and_background_to_one_standard_where_a_signal_compares(engine: Engine) -> None:
    # Too few of either population are cut off to make a wave, but together they are one.
    def cut_off(account: int) -> list[Row]:
        return [*calls_in(account, [3, 125]), call(account, hour=126, **REFUSED)]

    strands = [row for a in range(6) for row in cut_off(a)]
    background = [row for a in range(6) for row in cut_off(FAR + a)] + calls_in(FAR + 90, [128])
    (seen,) = watch(engine, SIGNALS["handover"], strands, background)
    assert seen.strands.unit.tolist() == list(range(6))
    assert seen.background.unit.tolist() == [*range(FAR, FAR + 6), FAR + 90]
    assert np.unique(seen.strands.observable).tolist() == np.unique(seen.background.observable).tolist() == [10]
