from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle import archive
from stillwatch.evidence.bundle.archive import Draft


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    draft = Draft(tmp_path / "draft")
    draft.add("b/two.txt", b"two" * 1000)
    draft.add("a.bin", b"one")
    return draft


def test_files_come_back_as_they_were(draft: Draft, tmp_path: Path) -> None:
    draft.pack(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as zipped:
        assert {n: zipped.read(n) for n in zipped.namelist()} == {"a.bin": b"one", "b/two.txt": b"two" * 1000}


def test_the_verifier_takes_what_is_packed(draft: Draft, tmp_path: Path) -> None:
    draft.pack(tmp_path / "out.zip")
    assert verify.Bundle(tmp_path / "out.zip").read("a.bin") == b"one"


def test_digests_are_of_the_files(draft: Draft) -> None:
    assert draft.digests() == {"a.bin": sha256(b"one").hexdigest(), "b/two.txt": sha256(b"two" * 1000).hexdigest()}


def test_a_file_too_large_is_refused_and_nothing_is_left(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 100)
    with pytest.raises(EvidenceError, match=r"b/two.txt: 3,000 bytes, too large for a bundle; use --leaves sample"):
        draft.pack(tmp_path / "out.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["draft"]


def test_a_place_that_cannot_be_written_is_named(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "out.zip").mkdir()
    with pytest.raises(EvidenceError, match=r"out.zip: cannot be written"):
        draft.pack(tmp_path / "out.zip")
