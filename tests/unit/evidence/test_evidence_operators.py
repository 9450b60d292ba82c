"""operators.toml: who runs what."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.operators import Authority, read_operators


def read(folder: Path, text: str) -> object:
    (folder / "operators.toml").write_text(text, "utf-8")
    return read_operators(folder / "operators.toml")


def test_witnesses_and_authorities_are_read(tmp_path: Path) -> None:
    (tmp_path / "operators.toml").write_text(
        '[witness.a]\nrun_by = "us"\n[witness."\u212a x"]\nrun_by = "University"\n'
        '[timestamps.sig-1]\nurl = "https://t.example"\nroots = "r.pem"\n'
        '[timestamps.own]\nurl = "https://o.example"\nroots = "/r.pem"\nrun_by = "us"\n',
        "utf-8",
    )
    read = read_operators(tmp_path / "operators.toml")
    assert read.witnesses == {"a": "us", "\u212a x": "University"}
    assert read.authorities == (
        Authority("sig-1", "https://t.example", tmp_path / "r.pem"),
        Authority("own", "https://o.example", Path("/r.pem"), "us"),
    )
    assert [a.is_ours for a in read.authorities] == [False, True]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[witnes.a]\n", r"\[witnes\]: no such table"),
        ("witness = 1\n", r"\[witness\]: not a table"),
        ("[witness]\na = 1\n", r"\[witness.a\]: not a table"),
        ("[witness.a]\n", r"\[witness.a\]: run_by is missing"),
        ("[witness.a]\nrun_by = 1\n", r"\[witness.a\]: run_by is not a text"),
        ('[witness.a]\nrun_by = ""\n', r"\[witness.a\]: run_by is not a text"),
        ('[witness.a]\nrun_by = "us"\nruns_by = "x"\n', r"\[witness.a\]: no such setting: runs_by"),
        ('[timestamps.a]\nurl = "x"\n', r"\[timestamps.a\]: roots is missing"),
        ('[timestamps."a/b"]\nurl = "x"\nroots = "y"\n', "letters, digits and -"),
        ("[", "cannot be read"),
    ],
)
def test_what_it_must_not_hold_is_refused_with_its_table(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(EvidenceError, match=says):
        read(tmp_path, text)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_operators(tmp_path / "none.toml")
