"""What every signal keeps, on every engine: run over all that are registered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from stillwatch.detect.observe import skipped_because
from stillwatch.detect.signal import SIGNAL_COLUMNS, Frame, Signal, find_signals
from stillwatch.records import CALLS, Family
from stillwatch.store.engine import Engine

SIGNALS = {s.name: s for s in find_signals() if s.function.__module__.startswith("stillwatch.")}
SEES_CALLS = [s.name for s in SIGNALS.values() if s.reads == "calls"]
FOLDER = Path(inspect.getfile(find_signals)).parent / "signals"
ACCOUNT_KEYS = ("account", "organization", "created_hour", "payment_fingerprint", "email_domain", "device_fingerprint")
ACCOUNTS, ROWS, FIRST_HOUR = 60, 1_500, 480_000
MANY_TOKENS = 2**31 - 1
"""The most a column of 32 bits holds: sums must not overflow."""

Bring = Callable[[pa.Table], Frame]
Edges = list[tuple[int, int, int]]
each_signal = pytest.mark.parametrize("name", SIGNALS)


def _calls() -> pa.Table:
    """Compose calls in which every signal sees something, with holes in every column that may have them."""
    random = np.random.default_rng(5)
    account = random.integers(0, ACCOUNTS, ROWS)
    late, cut_off = account % 3 == 1, account % 3 == 0
    hour = FIRST_HOUR + random.integers(0, 100, ROWS) + 100 * late
    refused = cut_off & (hour > FIRST_HOUR + 84)
    columns: dict[str, pa.Array] = {}
    for column in CALLS.columns:
        if pa.types.is_boolean(column.type):
            values: np.ndarray = random.random(ROWS) < 0.5
        elif pa.types.is_timestamp(column.type):
            values = hour * 3_600_000_000 + random.integers(0, 3_600_000_000, ROWS)
        else:
            values = random.integers(0, 5, ROWS)
        hole = None if column.required else random.random(ROWS) < 0.1
        columns[column.name] = pa.array(values, mask=hole).cast(column.type)
    columns |= {
        "call": pa.array(np.arange(ROWS)),
        "account": pa.array(account * 7_919),
        "hour": pa.array(hour, pa.int32()),
        "model": pa.array(np.where(hour > FIRST_HOUR + 130, 2, 1)),
        "completed": pa.array(~refused),
        "refused_by_limit": pa.array(refused),
        "user_agent": pa.array(np.ones(ROWS, np.int64)),
        "tls_fingerprint": pa.array(np.where(account == 2, 8, 9)),
        "input_tokens": pa.array(np.full(ROWS, MANY_TOKENS), pa.int32()),
        "cached_input_tokens": pa.array(np.full(ROWS, MANY_TOKENS // 3), pa.int32()),
        "output_tokens": pa.array(np.where(account % 2, 1_023, MANY_TOKENS), pa.int32()),
        "ceiling": pa.array(np.full(ROWS, MANY_TOKENS), pa.int32()),
    }
    return pa.table({c.name: columns[c.name] for c in CALLS.columns})


def _accounts() -> pa.Table:
    random = np.random.default_rng(6)
    columns = {n: pa.array(random.integers(0, 9, ACCOUNTS), mask=random.random(ACCOUNTS) < 0.2) for n in ACCOUNT_KEYS}
    return pa.table({**columns, "account": pa.array(np.arange(ACCOUNTS) * 7_919)})


@cache
def traffic(reads: str) -> pa.Table:
    return _calls() if reads == "calls" else _accounts()


def _to_polars(table: pa.Table) -> Frame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return nw.from_native(frame.lazy())


@pytest.fixture(params=["duckdb", "polars"])
def bring(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bring]:
    """Bring an Arrow table into an engine."""
    if request.param == "polars":
        yield _to_polars
        return
    with Engine(tmp_path) as engine:
        yield engine.lazy


def see(signal: Signal, frame: Frame) -> Edges:
    table = signal.see(frame).collect(backend="pyarrow").to_native()
    assert isinstance(table, pa.Table)
    assert not any(table[n].null_count for n in SIGNAL_COLUMNS)
    return sorted(zip(*(table[n].to_pylist() for n in SIGNAL_COLUMNS), strict=True))


def test_finds_every_file_of_the_folder() -> None:
    assert sorted(SIGNALS) == sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")


@each_signal
def test_is_named_after_its_file_and_function(name: str) -> None:
    function = SIGNALS[name].function
    assert (function.__module__, function.__name__) == (f"stillwatch.detect.signals.{name}", name)


@each_signal
def test_declares_a_family_a_cap_and_columns_that_there_are(name: str) -> None:
    signal = SIGNALS[name]
    assert signal.family in Family
    # Twelve bits are one in 4,096: beyond that, errors in the data are the likelier cause.
    assert 0 < signal.max_bits <= 12
    assert signal.needs
    assert set(signal.needs) <= set(traffic(signal.reads).column_names)


@each_signal
def test_says_what_it_catches_misses_and_mistakes_and_where_it_is_from(name: str) -> None:
    doc = inspect.getdoc(SIGNALS[name].function) or ""
    places = [doc.find(f"\n{word}: ") for word in ("Catches", "Misses", "False alarms", "Source")]
    assert doc.startswith("See ")
    assert places == sorted(places)
    assert min(places) > 0


@each_signal
def test_sees_accounts_with_whole_numbers(name: str, bring: Bring) -> None:
    signal = SIGNALS[name]
    frame = bring(traffic(signal.reads))
    schema = signal.see(frame).collect_schema()
    edges = see(signal, frame)
    assert tuple(schema.names()) == SIGNAL_COLUMNS
    assert set(schema.dtypes()) == {nw.Int64}
    assert edges
    assert {e[0] for e in edges} <= set(traffic(signal.reads)["account"].to_pylist())
    assert min(e[2] for e in edges) >= 1


@each_signal
def test_sees_an_account_with_a_value_once(name: str, bring: Bring) -> None:
    edges = see(SIGNALS[name], bring(traffic(SIGNALS[name].reads)))
    assert len({e[:2] for e in edges}) == len(edges)


@each_signal
def test_sees_the_same_on_every_engine(name: str, tmp_path: Path) -> None:
    signal = SIGNALS[name]
    table = traffic(signal.reads)
    with Engine(tmp_path) as engine:
        assert see(signal, engine.lazy(table)) == see(signal, _to_polars(table))


@each_signal
def test_does_not_mind_the_order_of_rows(name: str, bring: Bring) -> None:
    table = traffic(SIGNALS[name].reads)
    shuffled = table.take(pa.array(np.random.default_rng(7).permutation(len(table))))
    assert see(SIGNALS[name], bring(shuffled)) == see(SIGNALS[name], bring(table))


@each_signal
def test_needs_no_column_that_it_does_not_declare(name: str, bring: Bring) -> None:
    signal = SIGNALS[name]
    table = traffic(signal.reads)
    declared = table.select(list(dict.fromkeys(("account", *signal.needs))))
    assert see(signal, bring(declared)) == see(signal, bring(table))


@each_signal
def test_sees_an_account_the_same_in_any_company_unless_it_says_so(name: str, bring: Bring) -> None:
    signal = SIGNALS[name]
    if signal.compares:
        return
    table = traffic(signal.reads)
    few = 7_919 * ACCOUNTS // 4
    expected = [e for e in see(signal, bring(table)) if e[0] < few]
    assert see(signal, bring(table.filter(pa.compute.less(table["account"], few)))) == expected


@each_signal
def test_sees_nobody_where_nobody_is(name: str, bring: Bring) -> None:
    assert see(SIGNALS[name], bring(traffic(SIGNALS[name].reads).slice(0, 0))) == []


@each_signal
def test_holds_on_each_single_row(name: str, bring: Bring) -> None:
    table = traffic(SIGNALS[name].reads)
    for row in range(3):
        (account,) = table["account"].slice(row, 1).to_pylist()
        assert {e[0] for e in see(SIGNALS[name], bring(table.slice(row, 1)))} <= {account}


@each_signal
def test_holds_where_all_values_are_missing(name: str, bring: Bring) -> None:
    table = traffic(SIGNALS[name].reads)
    optional = {c.name for c in CALLS.columns if not c.required} | set(ACCOUNT_KEYS) - {"account"}
    for number, column in enumerate(table.column_names):
        if column in optional:
            table = table.set_column(number, column, pa.nulls(len(table), table[column].type))
    if set(SIGNALS[name].needs) & optional:
        assert see(SIGNALS[name], bring(table)) == []


@each_signal
def test_is_skipped_with_a_reason_where_a_column_is_missing(name: str) -> None:
    signal = SIGNALS[name]
    every = frozenset(traffic(signal.reads).column_names)
    assert skipped_because(signal, every, has_accounts=True) is None
    for column in signal.needs:
        reason = skipped_because(signal, every - {column}, has_accounts=True)
        assert reason == f"no {signal.reads[:-1]} has a value for {column}"


@each_signal
def test_is_skipped_without_accounts_only_if_it_reads_them(name: str) -> None:
    signal = SIGNALS[name]
    reason = skipped_because(signal, frozenset(signal.needs), has_accounts=False)
    assert reason == (None if name in SEES_CALLS else "no accounts table was given")
