"""Checks of a log notice every changed byte that they look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from evidence_calls import calls, open_book

from stillwatch.errors import EvidenceError
from stillwatch.evidence import checking
from stillwatch.evidence.checking import Checked, check_at_start, check_bundles, check_log, check_openings
from stillwatch.evidence.checkpoints import open_checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.reader import LogReader, read_public
from stillwatch.evidence.vault import Vault

SIZE = 256 * 257 + 300
"""Three levels of tiles: level 1 has a full and a partial one."""


SIGNERS = [new_signer("a/b", Algorithm.ED25519)]


@pytest.fixture(scope="module")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    with Log(folder, SIGNERS, clock=lambda: 1.0) as log:
        log.append([b"entry %d" % i for i in range(SIZE)])
    return folder


def reader_of(folder: Path, edited: str = "", at: int = 0) -> LogReader:
    """Return a reader that sees one byte of one file changed; nothing on the disk is."""

    def read(path: str) -> bytes:
        data = bytearray(read_public(folder / "public", path))
        if path == edited:
            data[at] ^= 1
        return bytes(data)

    head, _ = open_checkpoint((folder / "public/checkpoint").read_bytes(), [SIGNERS[0].verifier])
    return LogReader(read, head)


def public_files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder / "public")) for p in (folder / "public/tile").rglob("*") if p.is_file())


def test_a_log_that_was_not_touched_holds(log_folder: Path) -> None:
    told: list[int] = []
    assert check_log(reader_of(log_folder), on_progress=told.append) == Checked(SIZE, SIZE)
    assert told == sorted(told)
    assert told[-1] == SIZE
    assert check_bundles(reader_of(log_folder), range(259)) == SIZE


def test_a_changed_byte_of_any_file_is_noticed(log_folder: Path) -> None:
    files = public_files(log_folder)
    for number, path in enumerate(files[::11] + files[-4:]):
        length = (log_folder / "public" / path).stat().st_size
        with pytest.raises(EvidenceError):
            check_log(reader_of(log_folder, path, number * 97 % length))


def test_an_entry_that_was_changed_together_with_its_tiles_is_noticed(tmp_path: Path) -> None:
    with Log(tmp_path / "a", SIGNERS, clock=lambda: 1.0) as log:
        log.append([b"entry %d" % i for i in range(700)])
    with Log(tmp_path / "b", SIGNERS, clock=lambda: 1.0) as log:
        log.append([b"other %d" % i if i == 5 else b"entry %d" % i for i in range(700)])
        forged = LogReader(log.read, log.checkpoint)
    true = reader_of(tmp_path / "a").checkpoint
    with pytest.raises(EvidenceError, match="signed"):
        check_log(LogReader(forged._read, true))
    with pytest.raises(EvidenceError, match="another root"):
        check_bundles(LogReader(forged._read, true), [0])


def test_a_log_of_some_size_is_checked_whole_at_start(log_folder: Path, tmp_path: Path) -> None:
    assert check_at_start(reader_of(log_folder), tmp_path).whole
    with pytest.raises(EvidenceError, match=r"tile/0/001: .*edited"):
        check_at_start(reader_of(log_folder, "tile/entries/001", 3), tmp_path)


def test_of_a_larger_log_what_is_new_and_a_sample_are_checked(
    log_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "WHOLE", 256 * 100)
    monkeypatch.setattr(checking, "SAMPLE", 3)
    with pytest.raises(EvidenceError, match="edited"):
        check_at_start(reader_of(log_folder, "tile/entries/200", 3), tmp_path)
    seen = check_at_start(reader_of(log_folder), tmp_path)
    assert 256 * 100 <= seen.entries <= 256 * 104 + 300
    assert not seen.whole
    assert check_at_start(reader_of(log_folder), tmp_path).entries <= 256 * 4


def test_a_vault_that_opens_another_value_is_noticed(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 3)])
        rows = [(i, seed, fields | {"account": "other"}) for i, seed, fields in book.vault.read([2])]
        monkeyed = type("Monkeyed", (Vault,), {"every": lambda _: iter(rows)})(book.vault.folder)
        assert check_openings(book.log.reader(), book.vault) == 3
        with pytest.raises(EvidenceError, match=r"entry 2: .*vault was edited"):
            check_openings(book.log.reader(), monkeyed)
