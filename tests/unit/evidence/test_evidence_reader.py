from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.reader import LogReader, read_public
from stillwatch.evidence.tiles import pack_entries


def test_a_full_bundle_stands_in_for_a_partial_one_that_is_gone() -> None:
    full = pack_entries([bytes([i]) for i in range(256)])

    def read(path: str) -> bytes:
        if path == "tile/entries/000":
            return full
        raise EvidenceError(path)

    reader = LogReader(read, Checkpoint("example.com/log", 3, bytes(32)))
    assert list(reader.entries()) == [b"\x00", b"\x01", b"\x02"]


@pytest.mark.parametrize("index", [-1, 3])
def test_an_entry_beyond_the_checkpoint_is_not_there(index: int) -> None:
    reader = LogReader(lambda _path: b"", Checkpoint("example.com/log", 3, bytes(32)))
    with pytest.raises(EvidenceError, match="the log has 3"):
        reader.entry(index)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="tile/0/000"):
        read_public(tmp_path, "tile/0/000")
