"""The folder of cosignatures and time-stamps."""

from __future__ import annotations

import threading
from pathlib import Path

from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Signature
from witness_parties import NOW, SIGNERS, FakeLog

LOG = FakeLog()


def line(which: int, size: int, *, time: int = NOW) -> Signature:
    return SIGNERS[which].sign(LOG.head(size), time=time)


def test_cosignatures_gather_beside_their_checkpoint(tmp_path: Path) -> None:
    folder = CosignedCheckpoints(tmp_path / "witness")
    assert (folder.note(LOG.head(5)), folder.outcome(LOG.head(5)), list(folder.notes())) == (None, None, [])
    folder.add(LOG.note(5), [line(0, 5)])
    whole = folder.add(LOG.note(5), [line(1, 5)])
    assert whole.signatures == (*LOG.note(5).signatures, line(0, 5), whole.signatures[2])
    assert CosignedCheckpoints(tmp_path / "witness").note(LOG.head(5)) == whole


def test_the_first_cosignature_of_a_key_stays(tmp_path: Path) -> None:
    folder = CosignedCheckpoints(tmp_path)
    folder.add(LOG.note(5), [line(0, 5)])
    assert folder.add(LOG.note(5), [line(0, 5, time=NOW + 60)]).signatures[1] == line(0, 5)


def test_checkpoints_of_different_sizes_and_roots_do_not_mix_and_the_largest_comes_first(tmp_path: Path) -> None:
    folder, fork = CosignedCheckpoints(tmp_path), FakeLog(fork=1)
    for log, size in [(LOG, 9), (LOG, 100), (fork, 9), (LOG, 20)]:
        folder.add(log.note(size), [])
    sizes = [int(note.text.split("\n")[1]) for note in folder.notes()]
    assert sizes == [100, 20, 9, 9]
    assert folder.note(fork.head(9)) == fork.note(9)


def test_time_stamps_and_the_outcome_lie_beside_it(tmp_path: Path) -> None:
    folder = CosignedCheckpoints(tmp_path)
    folder.add_timestamp(LOG.head(5), "one", b"1")
    folder.add_timestamp(LOG.head(5), "two", b"2")
    folder.add_timestamp(LOG.head(6), "one", b"3")
    folder.mark(LOG.head(5), {"has_quorum": False, "odd\udcff": 1})
    folder.mark(LOG.head(5), {"has_quorum": True})
    assert folder.timestamps(LOG.head(5)) == {"one": b"1", "two": b"2"}
    assert folder.outcome(LOG.head(5)) == {"has_quorum": True}


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    signers = [new_signer(f"w{i}", Algorithm.ED25519_COSIGNATURE) for i in range(12)]
    lines = [s.sign(LOG.head(5), time=NOW) for s in signers]
    threads = [threading.Thread(target=CosignedCheckpoints(tmp_path).add, args=(LOG.note(5), [s])) for s in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    note = CosignedCheckpoints(tmp_path).note(LOG.head(5))
    assert note is not None
    assert set(note.signatures[1:]) == set(lines)


def test_what_a_crash_left_half_written_is_not_read(tmp_path: Path) -> None:
    folder = CosignedCheckpoints(tmp_path)
    folder.add(LOG.note(5), [])
    stray = next(tmp_path.glob("*.checkpoint"))
    stray.with_name(f"{stray.name}.new").write_bytes(b"half")
    assert list(folder.notes()) == [LOG.note(5)]
