from pathlib import Path

import pytest

from stillwatch.gateway.journal.drafts import publish, remove_drafts


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "f"
    publish(path, lambda draft: draft.write_bytes(b"one") and None)
    assert path.stat().st_mode & 0o777 == 0o600

    def fail(draft: Path) -> None:
        draft.write_bytes(b"tw")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        publish(path, fail)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".f.draft").touch()
    (tmp_path / "f").touch()
    remove_drafts(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
