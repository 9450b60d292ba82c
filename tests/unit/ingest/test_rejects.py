from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.rejects import ROW_CHARACTERS, Rejects

LOG = Path("log.jsonl")


def test_counts_by_kind_and_keeps_the_first_of_each(tmp_path: Path) -> None:
    with Rejects(tmp_path / "deep" / "rejects.jsonl") as rejects:
        rejects.warn("odd clock", "1970", path=LOG, line=1, count=5)
        rejects.reject("no model", "model is empty", path=LOG, line=2, row="{}")
        rejects.reject("no model", "model is empty", path=LOG, line=3, row="x" * 5_000)
    assert rejects.rejected == 2
    assert rejects.summary() == [
        {"kind": "no model", "count": 2, "first": "log.jsonl:2: model is empty", "warning": False},
        {"kind": "odd clock", "count": 5, "first": "log.jsonl:1: 1970", "warning": True},
    ]
    file = tmp_path / "deep" / "rejects.jsonl"
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert written[0] == {
        "path": "log.jsonl",
        "line": 2,
        "kind": "no model",
        "problem": "model is empty",
        "row": "{}",
    }
    assert [len(w["row"]) for w in written] == [2, ROW_CHARACTERS]
    assert file.stat().st_mode & 0o077 == 0


def test_makes_no_file_where_there_is_nothing_to_write(tmp_path: Path) -> None:
    with Rejects(tmp_path / "rejects.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "row",
    [
        '{"api_key": "SECRETSECRET"}',
        '{"x-api-key":"SECRETSECRET"}',
        '"Bearer SECRETSECRET"',
        '"sk-ant-SECRETSECRET"',
    ],
)
def test_masks_credentials(row: str, tmp_path: Path) -> None:
    with Rejects(tmp_path / "r") as rejects:
        rejects.reject("k", "p", path=LOG, line=1, row=row)
    assert "SECRET" not in (tmp_path / "r").read_text()


def test_writes_rows_that_are_no_unicode(tmp_path: Path) -> None:
    with Rejects(tmp_path / "r") as rejects:
        rejects.reject("k", "bad \ud800", path=LOG, line=1, row="\udfff")
    assert (tmp_path / "r").read_bytes().decode().count("\n") == 1


def test_strict_raises_at_a_reject_but_not_at_a_warning() -> None:
    rejects = Rejects(None, strict=True)
    rejects.warn("k", "p", path=LOG, line=1)
    with pytest.raises(SourceError, match=r"log\.jsonl:2: p; mend"):
        rejects.reject("k", "p", path=LOG, line=2)


def test_says_where_rejects_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot write rejects"):
        Rejects(tmp_path / "file" / "r").reject("k", "p", path=LOG, line=1)
