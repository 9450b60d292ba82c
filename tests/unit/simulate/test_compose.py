import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import ScenarioError
from stillwatch.records import ACCOUNTS, CALL_LOG
from stillwatch.simulate import Pools, compose
from stillwatch.simulate.compose import ROWS_AT_A_TIME, _pieces
from stillwatch.simulate.scenario import parse_scenario
from stillwatch.simulate.schedule import Rows

SMALL = parse_scenario(
    {
        "description": "a test",
        "start": datetime(2026, 3, 1, tzinfo=UTC),
        "days": 2,
        "call_truth": False,
        "block": [
            {"kind": "human", "accounts": 30, "calls": 200},
            {"kind": "campaign", "campaign": "A", "accounts": 40, "calls": 120, "ladder": 4},
        ],
    },
    where="small",
)


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(f.read_bytes() for f in sorted(folder.glob("*.parquet")))).hexdigest()


def test_writes_the_tables_of_the_contract(composed: Callable) -> None:
    folder = composed("demo").folder
    assert pq.read_schema(folder / "calls.parquet").equals(CALL_LOG.schema)
    assert pq.read_schema(folder / "accounts.parquet").equals(ACCOUNTS.schema)
    assert pq.read_schema(folder / "truth_calls.parquet").names == ["call_id", "campaign"]
    assert {"account", "campaign", "label", "campaign_calls"} <= set(pq.read_schema(folder / "truth.parquet").names)


def test_required_columns_have_no_nulls(composed: Callable) -> None:
    table = pq.read_table(composed("demo").folder / "calls.parquet")
    assert [table[name].null_count for name in CALL_LOG.required] == [0] * len(CALL_LOG.required)


def test_calls_are_named_once_and_in_order_of_time(composed: Callable) -> None:
    calls = composed("demo").calls
    times = [c["started_at"] for c in calls]
    assert times == sorted(times)
    assert len({c["call_id"] for c in calls}) == len(calls)


def test_every_account_of_the_log_is_in_the_accounts_and_the_truth(composed: Callable) -> None:
    made = composed("demo")
    assert {c["account"] for c in made.calls} == set(made.accounts) == set(made.truth)


def test_truth_counts_what_the_log_holds(composed: Callable) -> None:
    made = composed("mixed-ladder", kinds=("campaign",))
    assert Counter(c["account"] for c in made.calls) == {a: r["calls"] for a, r in made.truth.items()}
    planted = Counter(c["account"] for c in made.attack)
    assert {a: planted[a] for a in made.truth} == {a: r["campaign_calls"] for a, r in made.truth.items()}
    answered = Counter(c["account"] for c in made.attack if c["status"] == 200)
    assert {a: answered[a] for a in made.truth} == {a: r["campaign_exchanges"] for a, r in made.truth.items()}


def test_call_truth_names_the_campaign_of_the_account(composed: Callable) -> None:
    made = composed("mixed-ladder", kinds=("campaign",))
    assert {made.planted[c["call_id"]] for c in made.attack} == {"plain", "human-hours", "paraphrased", "covered"}
    assert all(made.truth[c["account"]]["campaign"] == made.planted[c["call_id"]] for c in made.attack)


def test_messages_are_json_that_ends_with_the_user_or_a_tool(composed: Callable) -> None:
    said = [orjson.loads(c["messages"]) for c in composed("demo").calls if c["messages"]]
    assert {m["role"] for s in said for m in s} == {"system", "user", "assistant", "tool"}
    assert {s[-1]["role"] for s in said} == {"user", "tool"}


def test_token_counts_fit_together(composed: Callable) -> None:
    for c in composed("demo").calls:
        assert 0 <= c["cached_input_tokens"] <= c["input_tokens"]
        assert 0 <= c["reasoning_tokens"] <= c["output_tokens"] <= (c["max_output_tokens"] or 1e9)
        assert (c["output_tokens"] > 0) == (c["status"] == 200)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, pools: Pools) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        compose(SMALL, out=tmp_path / name, pools=pools, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_scale_multiplies_the_calls_exactly(composed: Callable) -> None:
    assert len(composed("evasion", scale=0.1, kinds=("campaign",)).attack) == 600


def test_leaves_the_call_truth_out_where_the_scenario_says_so(tmp_path: Path, pools: Pools) -> None:
    compose(SMALL, out=tmp_path / "o", pools=pools)
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == ["accounts.parquet", "calls.parquet", "truth.parquet"]


def test_an_interruption_leaves_nothing(tmp_path: Path, pools: Pools) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compose(SMALL, out=tmp_path / "o", pools=pools, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_file_as_output_folder(tmp_path: Path, pools: Pools) -> None:
    (tmp_path / "o").write_text("mine")
    with pytest.raises(ScenarioError, match=r"o: is a file"):
        compose(SMALL, out=tmp_path / "o", pools=pools)


@pytest.mark.parametrize("scale", [0, -1, 101, float("nan")])
def test_refuses_a_scale_out_of_range(tmp_path: Path, pools: Pools, scale: float) -> None:
    with pytest.raises(ScenarioError, match="scale"):
        compose("demo", out=tmp_path / "o", pools=pools, scale=scale)


def test_a_busy_hour_is_cut_into_pieces_in_order_of_time() -> None:
    n = 2 * ROWS_AT_A_TIME + 10
    at = np.random.default_rng(1).permutation(n).astype(np.int64)
    rows = Rows(at, at, at.astype(np.uint64), at, at, at)
    pieces = [part for piece in _pieces([(0, rows)]) for _, part in piece]
    assert [len(p.at) for p in pieces] == [ROWS_AT_A_TIME, ROWS_AT_A_TIME, 10]
    assert all(a.at.max() < b.at.min() for a, b in pairwise(pieces))
