from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest import documents
from stillwatch.ingest.documents import parse, read_documents
from stillwatch.ingest.rejects import Rejects

LOG = Path("log")


def read(raw: bytes) -> tuple[list[tuple[int, Any]], list[str]]:
    rejects = Rejects(None)
    found = [(d.line, d.value) for d in read_documents(io.BytesIO(raw), path=LOG, rejects=rejects)]
    return found, [str(entry["first"]) for entry in rejects.summary()]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1}\n{"a": 2}\n',
        b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}',
        b'[{"a": 1}, {"a": 2}]',
        b'[\n{"a": 1},\n{"a": 2}\n]\n',
        b'[{"a": 1},\n{"a": 2}]\n',
        b'[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]',
    ],
)
def test_reads_lines_arrays_and_pretty_printed_files(raw: bytes) -> None:
    found, problems = read(raw)
    assert [value for _, value in found] == [{"a": 1}, {"a": 2}]
    assert problems == []


def test_a_damaged_first_line_does_not_spoil_the_rest() -> None:
    found, problems = read(b'{"a": 1, "b\n{"a": 2}\n')
    assert found == [(2, {"a": 2})]
    assert problems == ["log:1: not JSON: unexpected end of data"]


def test_a_damaged_pretty_printed_file_is_one_reject() -> None:
    found, problems = read(json.dumps({"a": [1, 2, {"b": 3}]}, indent=1).encode()[:-2])
    assert found == []
    assert len(problems) == 1


def test_lines_longer_than_a_chunk_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "CHUNK_BYTES", 7)
    found, _ = read(b'{"a": "%s"}\n{"b": 1}' % (b"x" * 100))
    assert found == [(1, {"a": "x" * 100}), (2, {"b": 1})]


@pytest.mark.parametrize("raw", [b'{"a": "' + b"x" * 200, b'{\n"a":\n' + b'"x",\n' * 50])
def test_refuses_a_document_that_would_fill_the_memory(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 100)
    monkeypatch.setattr(documents, "CHUNK_BYTES", 10)
    with pytest.raises(SourceError, match="one object a line"):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "value", "repaired"),
    [
        (b'"a\\ud800"', "a\ufffd", True),
        (b'"\xff"', "\ufffd", True),
        (b'"a\x00b"', "a\x00b", False),
        (b'"\\ud83d\\ude00"', "\U0001f600", False),
        (b"Infinity", float("inf"), False),
    ],
)
def test_parses_leniently_what_is_not_quite_json(raw: bytes, value: object, repaired: bool) -> None:  # noqa: FBT001 - a case
    assert parse(raw) == (value, repaired)


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 10**6, b"nope", b"9" * 5000 + b"x"])
def test_refuses_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"not JSON|nested too deeply"):
        parse(raw)
