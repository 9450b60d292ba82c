from __future__ import annotations

from pathlib import Path

from bundles import BEACON, Files, Host


def test_entries_are_the_log_s_bytes_in_its_order(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=10)
    lines = Files.of(host.bundle()).contents["leaves/entries.jsonl"].splitlines()
    assert lines == list(host.reader.pick(range(2, 11, 2)))


def test_accounts_are_numbered_by_their_pseudonyms_so_that_the_order_says_nothing(tmp_path: Path) -> None:
    files = Files.of(Host(tmp_path / "host", calls=10).bundle())
    accounts = files.contents["accounts.txt"].decode().splitlines()
    assert accounts == sorted(accounts)
    numbers = [int(line.split(",")[1]) for line in files.contents["calls.csv"].decode().splitlines()[1:]]
    assert set(numbers) == set(range(len(accounts)))


def test_a_sample_shows_its_entries_and_nothing_of_the_others(tmp_path: Path) -> None:
    files = Files.of(Host(tmp_path / "host", calls=200).bundle(beacon=BEACON, sample_size=59, whole=False))
    drawn = files.json("audit/sample.json")["indices"]
    assert len(drawn) == 59
    assert len(files.contents["leaves/entries.jsonl"].splitlines()) == 59
    assert len(files.contents["leaves/siblings.bin"]) > 32 * 59, "hashes in the place of the others"
