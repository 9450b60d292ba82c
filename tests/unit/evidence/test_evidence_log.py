"""The log: it only grows, whatever kills it, and knows when it was replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tree
from stillwatch.evidence.checkpoints import open_checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.reader import LogReader, read_public

SIGNERS = [new_signer("example.com/log", Algorithm.ED25519)]
STEPS = ["stage", "publish", "note", "swap", "flush"]


class Killed(BaseException):
    """Stands for kill -9: nothing handles it."""


def entries(first: int, count: int) -> list[bytes]:
    return [b"entry %d" % i for i in range(first, first + count)]


def open_log(folder: Path, *, die_at: str = "") -> Log:
    def step(name: str) -> None:
        if name == die_at:
            raise Killed

    return Log(folder, SIGNERS, clock=lambda: 1_700_000_000.0, step=step)


def root_of(leaves: list[bytes]) -> bytes:
    hashes = tree.leaf_hashes(leaves)
    return tree.root(len(hashes), lambda level, i: tree.perfect_root(hashes[i << level : (i + 1) << level]))


def published(folder: Path) -> LogReader:
    head, _ = open_checkpoint((folder / "public/checkpoint").read_bytes(), [SIGNERS[0].verifier])
    return LogReader(lambda path: read_public(folder / "public", path), head)


def test_what_was_appended_can_be_read_and_proved(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        firsts = [log.append(entries(at, n)) for at, n in [(0, 3), (3, 300), (303, 1)]]
    reader = published(tmp_path)
    assert firsts == [0, 3, 303]
    assert reader.checkpoint.root == root_of(entries(0, 304))
    assert list(reader.entries()) == entries(0, 304)
    assert list(reader.entries(300)) == entries(300, 4)
    for index in (0, 255, 256, 303):
        leaf = tree.leaf_hash(reader.entry(index))
        tree.verify_inclusion(leaf, index=index, size=304, proof=reader.prove(index), root=reader.checkpoint.root)


def test_a_later_checkpoint_continues_every_earlier_one(tmp_path: Path) -> None:
    roots = {}
    with open_log(tmp_path) as log:
        for at in range(0, 600, 100):
            log.append(entries(at, 100))
            roots[log.size] = log.checkpoint.root
        for old, old_root in roots.items():
            tree.verify_consistency(
                old=old, new=600, proof=log.reader().prove_since(old), old_root=old_root, new_root=roots[600]
            )


def test_a_partial_tile_goes_when_the_full_one_is_there(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 255))
        assert (tmp_path / "public/tile/0/000.p/255").exists()
        log.append(entries(255, 2))
    assert not (tmp_path / "public/tile/0/000.p").exists()
    assert not (tmp_path / "public/tile/entries/000.p").exists()
    assert (tmp_path / "public/tile/0/000").exists()


def test_appending_nothing_changes_nothing(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 2))
        before = str(log.note)
        assert log.append([]) == 2
        assert str(log.note) == before


def test_an_entry_too_long_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 2))
        with pytest.raises(EvidenceError, match="bytes"):
            log.append([b"ok", b"x" * 65_536])
        assert log.size == 2
        log.append(entries(2, 1))
    assert list(published(tmp_path).entries()) == entries(0, 3)


@pytest.mark.parametrize("size", [0, 5, 255, 256, 700])
@pytest.mark.parametrize("step", STEPS[:-1])
def test_killed_at_any_step_the_log_is_whole_and_goes_on(tmp_path: Path, step: str, size: int) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, size))
    log = open_log(tmp_path, die_at=step)
    with pytest.raises(Killed), log:
        log.append(entries(size, 300))
    with open_log(tmp_path) as again:
        grown = 0 if step == "stage" else 300
        assert again.size == size + grown
        again.append(entries(again.size, 10))
    reader = published(tmp_path)
    assert list(reader.entries()) == entries(0, size + grown + 10)
    assert reader.checkpoint.root == root_of(entries(0, size + grown + 10))


def test_killed_before_the_disk_was_told_the_tiles_are_written_again(tmp_path: Path) -> None:
    log = open_log(tmp_path, die_at="flush")
    log.append(entries(0, 300))
    with pytest.raises(Killed):
        log.close()
    log._lock.close()
    for path in [p for p in (tmp_path / "public/tile").rglob("*") if p.is_file()]:
        path.write_bytes(b"")  # what a power cut leaves of files that were never synced
    with open_log(tmp_path) as again:
        again.append(entries(300, 1))
    assert list(published(tmp_path).entries()) == entries(0, 301)
    assert not list((tmp_path / "staging").iterdir())


def test_after_a_batch_that_failed_nothing_is_appended_until_the_log_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(tmp_path)
    log.append(entries(0, 4))
    with monkeypatch.context() as patch:
        patch.setattr(Log, "_publish_entries", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            log.append(entries(4, 3))
    with pytest.raises(EvidenceError, match="open the log again"):
        log.append(entries(7, 1))
    log.close()
    with open_log(tmp_path) as again:
        assert again.size == 7
    assert list(published(tmp_path).entries()) == entries(0, 7)


def test_a_batch_that_was_not_staged_whole_is_forgotten(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 4))
    (tmp_path / "staging/00000000000000000004-2").write_bytes(b"half a batch")
    with open_log(tmp_path) as again:
        assert again.size == 4
    assert not list((tmp_path / "staging").iterdir())


def test_a_log_that_was_rolled_back_is_noticed(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 4))
    shutil.copytree(tmp_path / "public", tmp_path / "copy")
    with open_log(tmp_path) as log:
        log.append(entries(4, 4))
    shutil.rmtree(tmp_path / "public")
    (tmp_path / "copy").rename(tmp_path / "public")
    with pytest.raises(EvidenceError, match="rolled back"):
        open_log(tmp_path)


def test_a_log_that_was_emptied_is_noticed(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 4))
    shutil.rmtree(tmp_path / "public")
    with pytest.raises(EvidenceError, match="rolled back or replaced"):
        open_log(tmp_path)


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_an_edited_tile_at_the_edge_is_noticed(tmp_path: Path, path: str) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 300))
    tile = tmp_path / "public" / path
    tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(EvidenceError, match="edited"):
        open_log(tmp_path)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with open_log(tmp_path), pytest.raises(EvidenceError, match="another process"):
        open_log(tmp_path)


def test_a_checkpoint_of_another_key_is_refused(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(entries(0, 4))
    with pytest.raises(EvidenceError, match="none of the known keys"):
        Log(tmp_path, [new_signer("example.com/log", Algorithm.ED25519)], clock=lambda: 0.0)
