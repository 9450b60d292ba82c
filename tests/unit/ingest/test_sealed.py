from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journals import AT, KEY, log
from stillwatch.errors import SourceError
from stillwatch.ingest import sealed
from stillwatch.ingest.files import find_inputs
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.fingerprint_log import fingerprint_log
from stillwatch.ingest.sealed import check_segments, key_id, read_info, read_segments, sealed_schema, write_segment


def write(path: Path, table: pa.Table, *, key: bytes = KEY, size: int = 9) -> Path:
    prints = Fingerprinter(key)
    write_segment(path, (prints.fingerprint(b) for b in table.to_batches(size)), key=key)
    return path


def whole(folder: Path, *batches: Any) -> tuple[pa.Table, dict[str, dict[int, str]]]:
    folder.mkdir()
    prints = Fingerprinter(KEY)
    return pq.read_table(fingerprint_log([b for some in batches for b in some], prints, folder)), prints.names


def test_a_segment_gives_the_same_rows_and_names_as_its_log(tmp_path: Path) -> None:
    path = write(tmp_path / "s.parquet", log())
    files = find_inputs([path]).files
    expected, expected_names = whole(tmp_path / "a", log().to_batches())
    got, names = whole(tmp_path / "b", read_segments(files, batch_rows=7))
    assert got.equals(expected)
    assert names == expected_names
    assert names["prefix"]
    assert got["skeleton"].null_count < len(got) / 2, "templates are found over the whole log"


def test_templates_are_counted_over_segments_and_logs_together(tmp_path: Path) -> None:
    """Three calls of a template are too few to see it; three here and three there are not."""
    first, second = log(6).slice(1, 2), log(6).slice(3, 3)
    path = write(tmp_path / "s.parquet", first)
    expected, _ = whole(tmp_path / "a", pa.concat_tables([second, first]).to_batches())
    got, _ = whole(tmp_path / "b", second.to_batches(), read_segments(find_inputs([path]).files, batch_rows=100))
    assert got.equals(expected)
    assert got["skeleton"].null_count == 0


def test_no_prompt_and_no_address_is_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.parquet", log())
    texts = {name: pq.read_table(path)[name].to_pylist() for name in pq.read_schema(path).names if "_name" in name}
    said = {text for values in texts.values() for text in values if text}
    assert said == (
        {f"a{n}" for n in range(7)} | {"m"} | {"agent/1", "agent/3"} | {"64500", "64501"}
        | {f"10.0.{n}.0/24" for n in range(0, 40, 3)}
    )  # fmt: skip
    assert {f.type for f in sealed_schema() if f.type in (pa.large_string(), pa.string())} == {pa.large_string()}


def test_each_name_is_written_once_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.parquet", log(), size=3)
    assert sorted(filter(None, pq.read_table(path)["account_name"].to_pylist())) == [f"a{n}" for n in range(7)]


def test_the_footer_says_whose_how_many_and_when(tmp_path: Path) -> None:
    info = read_info(write(tmp_path / "s.parquet", log()))
    micros = int(AT.timestamp()) * 1_000_000
    assert (info.key, info.calls, info.first, info.last) == (key_id(KEY), 40, micros, micros + 39 * 60_000_000)
    assert read_info(write(tmp_path / "e.parquet", log(0))).calls == 0


def test_the_key_s_name_does_not_give_it_away() -> None:
    assert len(key_id(KEY)) == 16
    assert bytes.fromhex(key_id(KEY)) not in KEY
    assert key_id(KEY) != key_id(bytes(32))


def test_segments_are_told_from_logs(tmp_path: Path) -> None:
    write(tmp_path / "s.parquet", log(5))
    pq.write_table(log(3), tmp_path / "t.parquet")
    inputs = find_inputs([tmp_path])
    assert [f.path.name for f in inputs.segments] == ["s.parquet"]
    assert [f.path.name for f in inputs.without_segments().files] == ["t.parquet"]
    assert inputs.rows == 8


def test_another_key_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "s.parquet", log(5), key=bytes(32))
    with pytest.raises(
        SourceError, match=f"s.parquet: made under another fingerprint key .{key_id(bytes(32))}, my-key is"
    ):
        check_segments(find_inputs([path]).segments, key=KEY, key_file=Path("my-key"))


def test_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "FORMAT", 99)
    path = write(tmp_path / "s.parquet", log(5))
    monkeypatch.undo()
    with pytest.raises(SourceError, match="fingerprints of format 99"):
        read_info(path)


def test_a_log_is_no_segment_and_a_changed_segment_is_none_either(tmp_path: Path) -> None:
    pq.write_table(log(3), tmp_path / "t.parquet")
    with pytest.raises(SourceError, match="not a fingerprint segment"):
        read_info(tmp_path / "t.parquet")
    path = write(tmp_path / "s.parquet", log(5))
    pq.write_table(pq.read_table(path).drop_columns(["head_0"]), path)
    with pytest.raises(SourceError, match="not the columns of a fingerprint segment"):
        list(read_segments(find_inputs([path]).files, batch_rows=10))


def test_a_damaged_segment_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "s.parquet", log(2_000))
    files = find_inputs([path]).files
    broken = bytearray(path.read_bytes())
    broken[10:2_000] = bytes(1_990)
    path.write_bytes(broken)
    with pytest.raises(SourceError, match=r"s.parquet: damaged"):
        list(read_segments(files, batch_rows=100))
