from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.read import SCHEMA, find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def row(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"call_id": f"c{number}", "account": "a", "started_at": AT.isoformat(), "model": "m", **more}


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in rows)


def read(path: Path, rejects: Rejects | None = None, **options: Any) -> list[dict[str, Any]]:
    batches = list(read_calls(find_inputs([path]), rejects=rejects or Rejects(None, strict=True), **options))
    assert all(b.schema.equals(SCHEMA) for b in batches)
    return [r for b in batches for r in b.to_pylist()]


def write(folder: Path, name: str, raw: bytes) -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


def test_leaves_answers_unread() -> None:
    assert "response" not in SCHEMA.names


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd", "two gzip members"])
def test_reads_json_lines_however_packed(packing: str, tmp_path: Path) -> None:
    raw = lines(row(1), row(2))
    packed = {
        "plain": raw,
        "gzip": gzip.compress(raw),
        "zstd": pa.Codec("zstd").compress(raw, asbytes=True),
        "two gzip members": gzip.compress(lines(row(1))) + gzip.compress(lines(row(2))),
    }[packing]
    assert [r["call_id"] for r in read(write(tmp_path, "log.bin", packed))] == ["c1", "c2"]


@pytest.mark.parametrize("indent", [None, 2])
def test_reads_a_json_array(indent: int | None, tmp_path: Path) -> None:
    file = write(tmp_path, "log.json", json.dumps([row(1), row(2)], indent=indent).encode())
    assert [r["call_id"] for r in read(file)] == ["c1", "c2"]


def test_gives_the_same_calls_from_parquet_and_json(tmp_path: Path) -> None:
    more = {"temperature": 0.5, "tools": 2, "stream": True, "prompt": "hé\u0000", "client_asn": 4_294_967_295}
    file = write(tmp_path, "log.jsonl", lines(row(1, **more), row(2)))
    table = pa.Table.from_pylist([row(1, **more), row(2, **dict.fromkeys(more))])
    pq.write_table(table, tmp_path / "log.parquet")
    assert read(tmp_path / "log.parquet") == read(file)


def test_counts_bad_lines_and_keeps_the_others(tmp_path: Path) -> None:
    raw = lines(row(1)) + b'garbage\n\n[1]\n{"call_id": "x"}\n' + lines(row(2))
    rejects = Rejects(None)
    assert [r["call_id"] for r in read(write(tmp_path, "log.jsonl", raw), rejects)] == ["c1", "c2"]
    firsts = {entry["kind"]: entry["first"] for entry in rejects.summary()}
    assert set(firsts) == {"not JSON", "not an object", "no account"}
    assert firsts["not JSON"].startswith(f"{tmp_path}/log.jsonl:2: ")
    assert firsts["no account"].startswith(f"{tmp_path}/log.jsonl:5: ")


def test_strict_stops_at_the_first_bad_line(tmp_path: Path) -> None:
    file = write(tmp_path, "log.jsonl", lines(row(1)) + b"garbage\n")
    with pytest.raises(SourceError, match=r"log\.jsonl:2: not JSON.*--strict"):
        read(file)


@pytest.mark.parametrize(
    ("raw", "prompt"),
    [
        (lines(row(prompt="a\ud800b")), "a\ufffdb"),
        (lines(row(prompt="x")).replace(b'"x"', b'"\xff\xfe"'), "\ufffd\ufffd"),
    ],
)
def test_repairs_text_and_says_so(raw: bytes, prompt: str, tmp_path: Path) -> None:
    rejects = Rejects(None)
    (found,) = read(write(tmp_path, "log.jsonl", raw), rejects)
    assert found["prompt"] == prompt
    assert [(e["kind"], e["warning"]) for e in rejects.summary()] == [("repaired text", True)]


def test_repairs_parquet_text_that_is_not_utf8(tmp_path: Path) -> None:
    raw = pa.array([b"ok", b"\xff"], pa.large_binary())
    text = pa.Array.from_buffers(pa.large_string(), 2, raw.buffers())
    table = pa.Table.from_pylist([row(1), row(2)]).append_column("prompt", text)
    pq.write_table(table, tmp_path / "log.parquet")
    rejects = Rejects(None)
    assert [r["prompt"] for r in read(tmp_path / "log.parquet", rejects)] == ["ok", "\ufffd"]
    assert rejects.summary()[0]["kind"] == "repaired text"


def test_reads_nested_messages_as_json(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "hi"}]
    pq.write_table(pa.Table.from_pylist([row(messages=said)]), tmp_path / "log.parquet")
    file = write(tmp_path, "log.jsonl", lines(row(messages=said)))
    for path in (file, tmp_path / "log.parquet"):
        assert json.loads(read(path)[0]["messages"]) == said


def test_reads_a_very_long_prompt_and_hostile_nesting(tmp_path: Path) -> None:
    deep = b'{"call_id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    file = write(tmp_path, "log.jsonl", lines(row(prompt="x" * 10_000_000)) + deep)
    rejects = Rejects(None)
    assert len(read(file, rejects)[0]["prompt"]) == 10_000_000
    assert "nested too deeply" in str(rejects.summary()[0]["first"])


def test_batches_are_no_larger_than_asked(tmp_path: Path) -> None:
    file = write(tmp_path, "log.jsonl", lines(*(row(i) for i in range(10))))
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(10)]), tmp_path / "log.parquet")
    for path in (file, tmp_path / "log.parquet"):
        batches = read_calls(find_inputs([path]), rejects=Rejects(None), batch_rows=4)
        assert [b.num_rows for b in batches] == [4, 4, 2]


def test_reports_progress_up_to_every_byte_and_row(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", lines(*(row(i) for i in range(10))))
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(10)]), tmp_path / "b.parquet")
    told: list[tuple[int, int]] = []
    inputs = find_inputs([tmp_path])
    list(read_calls(inputs, rejects=Rejects(None), batch_rows=3, on_progress=lambda b, r: told.append((b, r))))
    assert told == sorted(told)
    assert told[-1] == (inputs.bytes, 20)


def test_leaves_prompts_unread_where_no_text_is_wanted(tmp_path: Path) -> None:
    file = write(tmp_path, "log.jsonl", lines(row(prompt="p", system="s", messages="m")))
    (found,) = read(file, text=False)
    assert (found["prompt"], found["system"], found["messages"]) == (None, None, None)


def test_counts_clocks_that_cannot_be_right_but_keeps_the_calls(tmp_path: Path) -> None:
    raw = lines(row(1, started_at="1970-01-01T00:00:05Z"), row(2, started_at="2026-02-09"), row(3))
    rejects = Rejects(None)
    assert len(read(write(tmp_path, "log.jsonl", raw), rejects, now=AT)) == 3
    assert [(e["kind"], e["count"], e["warning"]) for e in rejects.summary()] == [("odd clock", 2, True)]


def test_says_what_an_unknown_format_looks_like(tmp_path: Path) -> None:
    file = write(tmp_path, "log.jsonl", b'{"hello": 1, "world": 2}\n')
    with pytest.raises(SourceError, match=r"log\.jsonl: no known log format .*hello, world.*--source"):
        read(file)


def test_says_that_a_packed_file_is_cut_off(tmp_path: Path) -> None:
    raw = gzip.compress(lines(*(row(i, prompt=str(hash(str(i)))) for i in range(1000))))
    with pytest.raises(SourceError, match=r"log\.gz: cannot be read to its end"):
        read(write(tmp_path, "log.gz", raw[:-200]))
