"""The vault: it opens what is in the log, and forgets for good what is erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import vault as vault_module
from stillwatch.evidence.entries import CallEntry
from stillwatch.evidence.vault import Vault


def calls(first: int, count: int) -> list[CallEntry]:
    return [
        CallEntry(b"", {"call_id": f"c{i}", "account": f"a{i % 2}", "started_at": i}, bytes([i % 256]) * 32)
        for i in range(first, first + count)
    ]


def keys(first: int, count: int) -> list[bytes]:
    return [i.to_bytes(16, "big") for i in range(first, first + count)]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(tmp_path / "vault")
    vault.write(0, keys(0, 5), calls(0, 5))
    vault.write(7, keys(5, 3), calls(7, 3))
    return vault


def test_what_opens_a_record_is_found_by_its_index(vault: Vault) -> None:
    found = list(vault.read([8, 0, 0]))
    assert found == [
        (0, bytes(32), {"call_id": "c0", "account": "a0", "started_at": 0}),
        (8, bytes([8]) * 32, {"call_id": "c8", "account": "a0", "started_at": 8}),
    ]


def test_an_account_s_records_are_found(vault: Vault) -> None:
    assert vault.find("account", "a1") == [1, 3, 7, 9]


def test_only_its_owner_may_read_it(vault: Vault) -> None:
    assert {path.stat().st_mode & 0o777 for path in vault.files()} == {0o600}


def test_an_erased_record_is_gone_and_its_place_is_kept(vault: Vault) -> None:
    assert vault.erase([1, 8, 100]) == 2
    assert vault.find("account", "a1") == [3, 7, 9]
    with pytest.raises(EvidenceError, match=r"entry 1: .*erased"):
        list(vault.read([1]))
    assert [i for i, _, _ in vault.read([0, 9])] == [0, 9]
    assert len(vault.call_keys()) == 8
    assert not [path for path in vault.folder.iterdir() if b"c8" in path.read_bytes()]


def test_erasing_again_finds_nothing(vault: Vault) -> None:
    vault.erase([1])
    assert vault.erase([1]) == 0


def test_what_did_not_get_into_the_log_is_forgotten(vault: Vault) -> None:
    vault.repair(7)
    assert [path.stem.lstrip("0") for path in vault.files()] == [""]


def test_call_keys_are_sorted_whatever_the_order_of_files(vault: Vault) -> None:
    found = vault.call_keys()
    assert found.shape == (8, 2)
    assert sorted(map(tuple, found.tolist())) == list(map(tuple, found.tolist()))


def small_files(folder: Path) -> Vault:
    vault = Vault(folder / "small")
    for first in range(0, 60, 3):
        vault.write(first, keys(first, 2), calls(first, 2))
    return vault


def test_small_files_become_one_with_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_module, "MERGED_ROWS", 9)
    vault = small_files(tmp_path)
    before = list(vault.every())
    vault.merge()
    assert [int(p.stem) for p in vault.files()] == [0, 12, 24, 36, 48]
    assert list(vault.every()) == before
    assert [i for i, _, _ in vault.read([0, 13, 57])] == [0, 13, 57]


def test_files_are_merged_while_many_small_ones_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_module, "MERGE_AFTER", 8)
    vault = small_files(tmp_path)
    assert len(vault.files()) < 10
    assert len(list(vault.every())) == 40


def test_merging_looks_at_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Appending waits for it: looking at all files for each of them kept calls from their checkpoint for a second."""
    vault = Vault(tmp_path / "vault")
    for first in range(20):
        vault.write(first, keys(first, 1), calls(first, 1))
    looked: list[Path] = []
    read = vault_module.pq.read_metadata
    monkeypatch.setattr(vault_module.pq, "read_metadata", lambda path: (looked.append(path), read(path))[1])
    vault.merge()
    assert len(looked) == len(set(looked)) == 20
    assert len(vault.files()) == 1


def test_killed_while_files_are_merged_every_row_is_there_once(tmp_path: Path) -> None:
    vault = small_files(tmp_path)
    before, names = list(vault.every()), vault.files()
    copies = {path: path.read_bytes() for path in names[1:]}
    vault.merge()
    for path, data in copies.items():
        path.write_bytes(data)  # what a crash before the removal leaves
    assert vault.find("account", "a0") == sorted({i for i, _, f in before if f["account"] == "a0"})
    assert [i for i, _, _ in vault.read([0, 4, 58])] == [0, 4, 58]
    vault.repair(60)
    assert vault.files() == names[:1]
    assert list(vault.every()) == before


def test_a_reader_that_loses_a_file_to_a_merge_is_told_to_try_again(tmp_path: Path) -> None:
    class Stale(Vault):
        def files(self) -> list[Path]:
            return [*super().files(), self.folder / "00000000000000000099.parquet"]

    with pytest.raises(EvidenceError, match="try again"):
        Stale(small_files(tmp_path).folder).find("account", "a0")
