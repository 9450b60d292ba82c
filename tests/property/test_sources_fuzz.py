"""Whatever the bytes are, reading gives calls, rejects or a SourceError, and loses no row uncounted."""

from __future__ import annotations

import copy
import gzip
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stillwatch.errors import SourceError
from stillwatch.ingest.accounts import read_accounts
from stillwatch.ingest.read import SCHEMA, find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.source import find_source, find_sources

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[1] / "contract" / "examples"
NAMES = [s.name for s in find_sources()]
LIGHT = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 2**64, -1, 10**400, "1e99999999", "nan", "\ud800", "\x00", "", "Bearer x"])
    | st.floats()
    | st.text(max_size=8)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def read(raw: bytes, *, source: str | None = None, name: str = "log.jsonl") -> tuple[int, int]:
    """Return how many calls and how many rejects a file of these bytes gives."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_bytes(raw)
        calls = 0
        with Rejects(Path(folder, "rejects.jsonl")) as rejects:
            for batch in read_calls(find_inputs([file], source=source), rejects=rejects, now=NOW):
                assert batch.schema.equals(SCHEMA)
                batch.validate(full=True)
                assert all(batch[c].null_count == 0 for c in ("call_id", "account", "started_at", "model"))
                batch.to_pylist()
                calls += batch.num_rows
        assert not [entry for entry in rejects.summary() if "failed" in str(entry["kind"])]
        return calls, rejects.rejected


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inner for place in places(part, (*at, key)))]


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(document)
    part = changed
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return changed


@pytest.mark.parametrize("name", NAMES)
@LIGHT
@given(data=st.data())
def test_survives_any_value_in_any_field_of_a_valid_record(name: str, data: st.DataObject) -> None:
    document = json.loads((EXAMPLES / f"{name}.json").read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        document = put(document, place, data.draw(json_values))
    calls, rejected = read(json.dumps(document).encode() + b"\n", source=name)
    if isinstance(document, dict) and name != "otel":  # a span that is no call is neither a call nor a reject
        assert calls + rejected >= 1 or "logEvents" in document


@pytest.mark.parametrize("name", NAMES)
@LIGHT
@given(document=st.dictionaries(st.text(max_size=6), json_values, max_size=4))
def test_survives_any_object(name: str, document: dict[str, Any]) -> None:
    source = find_source(name)
    source.looks_like(document)
    read(json.dumps(document).encode(), source=name)


@LIGHT
@given(raw=st.binary(max_size=300), name=st.sampled_from([None, *NAMES]))
def test_survives_any_bytes(raw: bytes, name: str | None) -> None:
    try:
        read(raw, source=name)
    except SourceError as problem:
        assert "log" in str(problem)  # noqa: PT017 - a clear error is one of the right outcomes


@LIGHT
@given(data=st.data())
def test_survives_damage_to_parquet_and_gzip(data: st.DataObject) -> None:
    row = {"call_id": "c", "account": "a", "started_at": NOW, "model": "m", "prompt": "x" * 50}
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row] * 3), sink)
    line = json.dumps({**row, "started_at": "2026-01-01"}).encode()
    raw = bytearray(data.draw(st.sampled_from([sink.getvalue(), gzip.compress(b"\n".join([line] * 5), mtime=0)])))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(raw[: data.draw(st.integers(5, len(raw)))]), name="log.bin")
    except SourceError as problem:
        assert "log.bin" in str(problem)  # noqa: PT017 - a clear error is one of the right outcomes


@LIGHT
@given(
    columns=st.dictionaries(
        st.sampled_from([f.name for f in SCHEMA]),
        st.lists(json_values, min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_survives_any_types_in_parquet_and_counts_every_row(columns: dict[str, list[Any]]) -> None:
    good = {"call_id": ["1", "2", "3"], "account": ["a"] * 3, "started_at": [NOW] * 3, "model": ["m"] * 3}
    sink = io.BytesIO()
    try:
        pq.write_table(pa.table({**good, **columns}), sink)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return  # not a table that anyone could have written
    calls, rejected = read(sink.getvalue(), name="log.parquet")
    assert calls + rejected == 3


@LIGHT
@given(raw=st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()))
def test_survives_any_accounts_file(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "accounts.csv")
        file.write_bytes(raw)
        try:
            read_accounts(file, rejects=Rejects(None)).validate(full=True)
        except SourceError as problem:
            assert "accounts.csv" in str(problem)  # noqa: PT017 - a clear error is one of the right outcomes
