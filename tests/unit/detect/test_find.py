from pathlib import Path

import narwhals as nw
import pytest

from planted import campaign, crowd, table_of
from stillwatch.detect import find
from stillwatch.detect.signal import find_signals
from stillwatch.store.engine import Engine


def test_a_column_that_few_calls_fill_is_looked_for_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "FIRST_CALLS", 1)
    seldom = nw.when(nw.col("turns") > 2).then(nw.col("item")).otherwise(None)
    with Engine(tmp_path) as engine:
        calls = engine.lazy(table_of(crowd() + campaign()))
        turned = calls.with_columns(turns=nw.when(nw.col("item") % 50 == 0).then(3).otherwise(0))
        assert (
            "artefact"
            in find.find_candidates(
                engine, turned.with_columns(artefact=nw.lit(None).cast(nw.Int64)), accounts=None, signals=find_signals()
            ).skipped
        )
        assert (
            "artefact"
            not in find.find_candidates(
                engine, turned.with_columns(artefact=seldom), accounts=None, signals=find_signals()
            ).skipped
        )
