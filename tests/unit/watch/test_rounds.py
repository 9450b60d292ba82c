import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from journals import KEY, asked, settings
from stillwatch.errors import JournalError, SettingsError
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.snapshot import FILE
from stillwatch.watch import rounds
from stillwatch.watch.rounds import Round, SteadyClock, WatchSettings, take_round, watch
from stillwatch.watch.sealing import seal

NOW = 1_780_100_000.0
"""A day after the calls of ``journals.asked``."""


@pytest.fixture
def made(tmp_path: Path) -> WatchSettings:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    return WatchSettings(journal=settings(tmp_path), standing=tmp_path / "standing", report=tmp_path / "report")


def write(made: WatchSettings, count: int = 5, **others: Any) -> None:
    writer = JournalWriter(made.journal)
    for number in range(count):
        writer.admit(os.urandom(8).hex(), asked(number, **others))
    writer.close()


def snapshot(made: WatchSettings) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((made.standing / FILE).read_bytes())
    return read


def test_an_empty_journal_leaves_nothing_and_fails_nothing(made: WatchSettings) -> None:
    assert take_round(made, now=NOW) == Round(0, scanned=False)
    assert not made.standing.exists()


def test_scans_what_arrived_and_only_then(made: WatchSettings) -> None:
    write(made)
    assert take_round(made, now=NOW) == Round(5, scanned=True)
    assert json.loads((made.report / "scan.json").read_bytes())["calls"] == 5
    first = snapshot(made)
    assert take_round(made, now=NOW + 60) == Round(0, scanned=False)
    assert snapshot(made) == first
    write(made, 2)
    assert take_round(made, now=NOW + 120) == Round(2, scanned=True)
    assert json.loads((made.report / "scan.json").read_bytes())["calls"] == 7
    assert snapshot(made)["made_at"] == NOW + 120


def test_scans_again_when_settings_accounts_or_report_changed(made: WatchSettings, tmp_path: Path) -> None:
    write(made)
    take_round(made, now=NOW)
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("account\na1\n")
    other = WatchSettings(**{**vars(made), "accounts": accounts})
    assert take_round(other, now=NOW).scanned
    assert not take_round(other, now=NOW).scanned
    (made.report / "scan.json").unlink()
    for path in made.report.iterdir():
        path.unlink()
    assert take_round(other, now=NOW).scanned


def test_only_the_last_days_are_scanned(made: WatchSettings) -> None:
    write(made, started_at=NOW - 10 * 86_400)
    take_round(made, now=NOW)
    write(made, 3, started_at=NOW - 60)
    take_round(made, now=NOW)
    assert json.loads((made.report / "scan.json").read_bytes())["calls"] == 3


def test_a_call_from_the_future_does_not_push_the_others_out(made: WatchSettings) -> None:
    write(made, started_at=NOW - 60)
    take_round(made, now=NOW)
    write(made, 1, started_at=NOW + 400 * 86_400)
    take_round(made, now=NOW)
    assert json.loads((made.report / "scan.json").read_bytes())["calls"] == 6


def test_segments_of_another_key_are_left_out_and_said(made: WatchSettings, caplog: pytest.LogCaptureFixture) -> None:
    write(made)
    take_round(made, now=NOW)
    made.journal.key_file.unlink()
    write(made, 2)
    assert take_round(made, now=NOW).scanned
    assert json.loads((made.report / "scan.json").read_bytes())["calls"] == 2
    assert "1 segments of another key are left out" in caplog.text


def test_a_file_that_is_no_segment_does_not_stop_the_watch(
    made: WatchSettings, caplog: pytest.LogCaptureFixture
) -> None:
    write(made)
    seal(made.journal)
    (made.journal.folder / "sealed" / "odd.parquet").write_bytes(b"PAR1 and no more")
    assert take_round(made, now=NOW).scanned
    assert "odd.parquet: not a readable Parquet file" in caplog.text


def test_an_unreadable_snapshot_is_put_aside_and_said(made: WatchSettings, caplog: pytest.LogCaptureFixture) -> None:
    made.standing.mkdir()
    (made.standing / FILE).write_bytes(b"{")
    write(made)
    assert take_round(made, now=NOW).scanned
    assert snapshot(made)["version"] == 1
    assert (made.standing / f"{FILE}.unreadable").read_bytes() == b"{"
    assert "going on without it" in caplog.text


def rounds_of(made: WatchSettings, count: int, *, tell: Callable[[Round], None] = lambda _round: None) -> None:
    left = iter(range(count - 1))
    watch(made, wait=lambda _seconds: next(left, None) is None, clock=lambda: NOW, tell=tell)


def test_a_round_that_fails_is_logged_and_the_next_one_goes_on(
    made: WatchSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(made)
    told: list[Round] = []
    scan, failures = rounds.scan, [OSError("disk"), ValueError("bug")]

    def fail_twice(*args: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return scan(*args, **options)

    monkeypatch.setattr(rounds, "scan", fail_twice)
    with caplog.at_level(logging.ERROR):
        rounds_of(made, 4, tell=told.append)
    assert caplog.text.count("this round failed") == 2
    assert [r.scanned for r in told] == [True, False]
    assert snapshot(made)["accounts"] == {}


def test_two_do_not_watch_one_journal(made: WatchSettings) -> None:
    def second(_round: Round) -> None:
        with pytest.raises(JournalError, match="another process is watching"):
            rounds_of(made, 1)

    rounds_of(made, 1, tell=second)


def test_an_interrupt_ends_it(made: WatchSettings) -> None:
    def interrupt(_seconds: float) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(made, wait=interrupt)
    rounds_of(made, 1)


def test_a_clock_that_jumps_ahead_expires_nothing() -> None:
    wall, ticks = [1_000.0], [5.0]
    clock = SteadyClock(lambda: wall[0], lambda: ticks[0])
    ticks[0] += 60
    wall[0] += 60
    assert clock() == 1_060.0
    wall[0] += 400 * 86_400
    assert clock() == 1_060.0
    wall[0] = 900.0
    assert clock() == 900.0


@pytest.mark.parametrize("wrong", [{"days": 0}, {"every_seconds": 0.0}])
def test_senseless_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        WatchSettings(**wrong)


def test_accounts_come_from_the_directory_and_are_scanned_again_only_when_they_change(
    made: WatchSettings, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/directory.sqlite"
    from_directory = replace(made, directory_url=url)
    with Directory(url) as directory:
        directory.accounts.add("a", {}, by="test", now=NOW)
        write(made)
        assert take_round(from_directory, now=NOW).scanned
        assert not take_round(from_directory, now=NOW).scanned
        directory.accounts.add("b", {}, by="test", now=NOW)
        assert take_round(from_directory, now=NOW).scanned
    assert pq.read_table(from_directory.exported)["account"].to_pylist() == ["a", "b"]
