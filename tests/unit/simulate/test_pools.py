from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import ScenarioError
from stillwatch.simulate import Pools, read_pools
from stillwatch.simulate.texts import make_pool


def write(path: Path, **columns: list) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_kinds_of_a_file_replace_ours_and_the_others_stay(tmp_path: Path, pools: Pools) -> None:
    path = write(tmp_path / "p.parquet", text=["one", "two", ""], kind=["eval", "eval", "rag"])
    read = read_pools([path])
    assert sorted(read.of("eval").plain.to_pylist()) == ["one", "two"]
    assert read.of("rag").plain.equals(pools.of("rag").plain)


def test_a_folder_is_read_without_its_traces(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", text=["one"], kind=["human"])
    write(tmp_path / "trace.parquet", ts=[1.0])
    assert read_pools([tmp_path]).of("human").plain.to_pylist() == ["one"]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"kind": ["human"]}, r"p\.parquet: no column 'text'"),
        ({"text": ["a"]}, r"p\.parquet: no column 'kind'"),
        ({"text": ["a"], "kind": ["homily"]}, r"p\.parquet: column 'kind': 'homily' is not one of human"),
    ],
)
def test_names_file_and_column_that_are_wrong(tmp_path: Path, columns: dict, says: str) -> None:
    path = write(tmp_path / "p.parquet", **columns)
    with pytest.raises(ScenarioError, match=says):
        read_pools([path])


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.parquet: no such prompt file"):
        read_pools([tmp_path / "none.parquet"])


def test_names_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_text("hello")
    with pytest.raises(ScenarioError, match=r"p\.parquet: not a readable Parquet file"):
        read_pools([tmp_path / "p.parquet"])


def test_names_a_folder_without_prompts(tmp_path: Path) -> None:
    write(tmp_path / "trace.parquet", ts=[1.0])
    with pytest.raises(ScenarioError, match="no Parquet file with a column 'text'"):
        read_pools([tmp_path])


def test_text_is_escaped_as_json_has_it() -> None:
    pool = make_pool(['say "hi"\n', "\ud800"])
    assert pool.escaped.to_pylist() == ['say \\"hi\\"\\n', "?"]


def test_items_to_grade_hold_a_task_and_an_answer(pools: Pools) -> None:
    tasks, graded = pools.of("distillation").plain.to_pylist(), pools.of("answered").plain.to_pylist()
    assert all(t in g and len(g) > len(t) + 20 for t, g in zip(tasks, graded, strict=True))


def test_operators_put_tasks_and_answers_together_in_their_own_way(pools: Pools) -> None:
    assert pools.of("answered", 1).plain[0] != pools.of("answered", 2).plain[0]


def test_code_is_asked_for_in_every_item_of_that_pool(pools: Pools) -> None:
    assert 1000 < len(pools.of("code")) < len(pools.of("distillation"))
