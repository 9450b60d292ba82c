import json
import logging
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from journals import KEY, asked, log, settings
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal
from stillwatch.ingest.sealed import key_id, read_info
from stillwatch.store.encrypted import read_encrypted
from stillwatch.watch.sealing import seal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    return settings(tmp_path)


def write(journal: Journal, *rows: dict[str, object]) -> None:
    writer = JournalWriter(journal)
    for number, row in enumerate(rows):
        writer.admit(f"c{number}", row)
        writer.finish(f"c{number}", {"status": 200, "output_tokens": number})
    writer.close()


def test_prompts_are_gone_once_their_fingerprints_are_sealed(journal: Journal) -> None:
    write(journal, *(asked(n, prompt=f"an unmistakable sentence, number {n}") for n in range(20)))
    assert seal(journal).calls == 20
    (path,) = Layout(journal.folder).sealed_files()
    assert (read_info(path).key, read_info(path).calls) == (key_id(KEY), 20)
    assert path.stat().st_mode & 0o777 == 0o600
    files = [p for p in journal.folder.rglob("*") if p.is_file()]
    assert not [p for p in files if b"unmistakable" in p.read_bytes()]
    assert not list(Layout(journal.folder).wal.iterdir())
    assert not list(Layout(journal.folder).text.iterdir())


def test_every_kind_of_value_the_proxy_may_write_is_taken(journal: Journal) -> None:
    rows = log(9).to_pylist()
    rows[0]["messages"] = [{"role": "user", "content": "as a list"}]
    rows[1]["started_at"] = rows[1]["started_at"].timestamp()
    rows[2]["prompt"] = "\ud800 lone"
    write(journal, *rows)
    assert seal(journal).calls == 9
    (path,) = Layout(journal.folder).sealed_files()
    assert sorted(pq.read_table(path)["started_at"].to_pylist()) == log(9)["started_at"].to_pylist()


def test_kept_text_is_encrypted_and_has_no_answers(journal: Journal) -> None:
    journal = Journal(**{**vars(journal), "keep_text": True})
    write(journal, asked(1, prompt="an unmistakable sentence", response="an answer"))
    seal(journal)
    (path,) = Layout(journal.folder).text.iterdir()
    assert b"unmistakable" not in path.read_bytes()
    table = read_encrypted(path, key=KEY, name=path.name.removesuffix(".parquet.enc"))
    assert table["prompt"].to_pylist() == ["an unmistakable sentence"]
    assert "response" not in table.column_names


def test_a_row_that_is_no_call_is_not_lost_in_silence(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    write(journal, asked(1), {"account": "a", "prompt": "no time"})
    with caplog.at_level(logging.ERROR):
        seal(journal)
    (path,) = Layout(journal.folder).rejects.iterdir()
    assert json.loads(path.read_text())["kind"] == "no started_at"
    assert "1 rows" in caplog.text
