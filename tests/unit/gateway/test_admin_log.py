from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stillwatch.errors import DirectoryUnavailableError
from stillwatch.gateway import admin_log
from stillwatch.gateway.admin_log import AdminLog, operating_user


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_note_is_a_line_after_those_before(tmp_path: Path) -> None:
    path = tmp_path / "data" / "log.jsonl"
    AdminLog(path).note("one", {"account": "a\nb"})
    AdminLog(path).note("two", {"at": 1.5})
    assert lines(path) == [{"kind": "one", "account": "a\nb"}, {"kind": "two", "at": 1.5}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_note_is_on_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    synced: list[int] = []
    monkeypatch.setattr(admin_log.os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    AdminLog(path).note("one", {})
    assert synced == [path.stat().st_size]


def test_a_line_that_a_crash_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"kind":"one"}\n{"kind":"tw')
    AdminLog(path).note("three", {})
    assert path.read_text().splitlines() == ['{"kind":"one"}', '{"kind":"tw', '{"kind":"three"}']


def test_a_note_that_cannot_be_written_says_that_nothing_was_changed(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DirectoryUnavailableError, match="nothing was changed"):
        AdminLog(tmp_path / "data" / "log.jsonl").note("one", {})


def test_the_user_is_the_operating_systems_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_log.os, "getuid", lambda: 65534)
    monkeypatch.setenv("LOGNAME", "mallory")
    monkeypatch.setenv("SUDO_USER", "mallory")
    assert operating_user() == "nobody"


def test_behind_sudo_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_log.os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "ada")
    assert operating_user() == "root (sudo by ada)"


def test_a_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_log.os, "getuid", lambda: 987_654)
    assert operating_user() == "uid 987654"
