from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.evidence.files import sync_folder, write_whole


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_as_a_whole_and_its_folders_are_made(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "a/b/file"
    write_whole(path, b"one", durable=durable)
    write_whole(path, b"two", durable=durable)
    assert [(p.name, p.read_bytes()) for p in path.parent.iterdir()] == [("file", b"two")]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"one", durable=True)

    def fail(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two", durable=True)
    assert path.read_bytes() == b"one"


def test_a_folder_can_be_synced(tmp_path: Path) -> None:
    sync_folder(tmp_path)
