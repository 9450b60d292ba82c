from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from planted import crowd, table_of
from stillwatch.app import Progress, _refuse_foreign_folder, _replace, _sample_every, key_accounts
from stillwatch.detect.distinct import distinct_calls
from stillwatch.errors import ReportError
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.records import ACCOUNTS
from stillwatch.settings import SAMPLE_LIMIT
from stillwatch.store.engine import Engine

KEY = bytes(32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path) as made:
        yield made


def known(*rows: dict[str, object]) -> pa.Table:
    return pa.table({c.name: pa.array([row.get(c.name) for row in rows], c.type) for c in ACCOUNTS.columns})


def test_accounts_are_keyed_as_the_calls_are() -> None:
    prints = Fingerprinter(KEY)
    at = datetime(2026, 6, 1, 13, 59, tzinfo=UTC)
    table = key_accounts(
        known({"account": "a", "organization": "o", "created_at": at}, {"account": "b", "email_domain": "x.example"}),
        prints,
    )
    assert table["account"].to_pylist() == [prints.keyed("account", "a"), prints.keyed("account", "b")]
    assert table["created_hour"].to_pylist() == [int(at.timestamp()) // 3600, None]
    assert table["organization"].to_pylist() == [prints.keyed("organization", "o"), None]
    assert table["payment_fingerprint"].null_count == 2


def test_a_sign_up_before_1970_is_in_the_hour_it_was_in() -> None:
    at = datetime(1969, 12, 31, 23, 30, tzinfo=UTC)
    assert key_accounts(known({"account": "a", "created_at": at}), Fingerprinter(KEY))["created_hour"].to_pylist() == [
        -1
    ]


def test_keyed_accounts_name_no_country_plan_or_verification() -> None:
    table = key_accounts(known({"account": "a", "country": "CN", "plan": "pro"}), Fingerprinter(KEY))
    assert not {"country", "plan", "verification"} & set(table.column_names)


def test_of_calls_with_one_id_the_earliest_counts_whatever_the_order(engine: Engine) -> None:
    rows = [{**row, "call": number} for number, row in enumerate(crowd(20))]
    late = [{**rows[n], "hour": rows[n]["hour"] + 5, "address": 1} for n in range(0, 60, 7)]
    twins = [{**rows[n], "address": 2} for n in range(3, 60, 11)]
    draw = np.random.default_rng(1)
    kept = []
    for _ in range(3):
        table = table_of([*rows, *late, *twins])
        shuffled = table.take(pa.array(draw.permutation(len(table))))
        kept.append(engine.collect(distinct_calls(engine, engine.lazy(shuffled))).sort_by("call"))
    assert kept[0].equals(kept[1])
    assert kept[0].equals(kept[2])
    assert kept[0]["call"].to_pylist() == list(range(len(rows)))
    assert kept[0]["hour"].to_pylist() == [row["hour"] for row in rows]


def test_calls_with_ids_of_their_own_are_all_kept(engine: Engine) -> None:
    table = table_of(crowd(20))
    assert engine.collect(distinct_calls(engine, engine.lazy(table))).sort_by("call").equals(table)


@pytest.mark.parametrize("rows", [0, 1, SAMPLE_LIMIT - 1, SAMPLE_LIMIT, 10 * SAMPLE_LIMIT, 50_000_000, None])
def test_keeps_about_as_many_samples_as_it_may(rows: int | None) -> None:
    every = _sample_every(rows)
    assert every >= 1
    assert rows is None or rows / every < 2 * SAMPLE_LIMIT


def report_in(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "scan.json").write_text(text)
    return folder


def test_a_report_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    out, new = report_in(tmp_path / "out", "old"), report_in(tmp_path / "work" / "report", "new")
    _replace(new, out)
    assert (out / "scan.json").read_text() == "new"


def test_the_earlier_report_stays_where_the_new_one_cannot_go(tmp_path: Path) -> None:
    out = report_in(tmp_path / "out", "old")
    (tmp_path / "work").mkdir()
    with pytest.raises(ReportError, match="cannot be written"):
        _replace(tmp_path / "work" / "report", out)
    assert (out / "scan.json").read_text() == "old"


def test_only_a_report_or_nothing_is_replaced(tmp_path: Path) -> None:
    _refuse_foreign_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    _refuse_foreign_folder(tmp_path / "empty")
    _refuse_foreign_folder(report_in(tmp_path / "report", "{}"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    for path in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        with pytest.raises(ReportError, match="is not a report; choose another --out"):
            _refuse_foreign_folder(path)


def test_progress_tells_every_step_and_adds_up_its_time() -> None:
    told: list[tuple[str, float | None, int]] = []
    watch = Progress(lambda step, share, calls: told.append((step, share, calls)))
    for step, share, calls in (("reading", 0.5, 10), ("reading", 1.0, 20), ("linking", None, 0), ("reading", None, 0)):
        watch.step(step, share, calls)
    watch.step("done")
    assert told[:2] == [("reading", 0.5, 10), ("reading", 1.0, 20)]
    assert set(watch.seconds) == {"reading", "linking"}
    assert all(seconds >= 0 for seconds in watch.seconds.values())
