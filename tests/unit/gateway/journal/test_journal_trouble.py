import logging
from pathlib import Path

import pytest

from journals import settings
from stillwatch.gateway.journal.trouble import Trouble

FULL = OSError(28, "No space left on device")


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [r.levelno for r in caplog.records]


def test_is_said_when_it_begins_when_it_ends_and_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = [0.0]
    trouble = Trouble(settings(tmp_path), lambda: ticks[0])
    for ticks[0] in range(0, 121, 10):
        trouble.met(FULL)
    assert levels(caplog) == [logging.ERROR] * 3
    trouble.over()
    trouble.over()
    assert levels(caplog) == [logging.ERROR] * 3 + [logging.WARNING]


def test_a_disk_that_is_full_by_turns_fills_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(settings(tmp_path), lambda: 0.0)
    for _ in range(1_000):
        trouble.met(FULL)
        trouble.over()
    assert levels(caplog) == [logging.ERROR, logging.WARNING]


def test_a_write_that_succeeds_does_not_end_a_failing_sync(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(settings(tmp_path), lambda: 0.0)
    trouble.met_syncing(OSError(5, "Input/output error"))
    trouble.over()
    assert trouble.syncing == "the disk did not take it: Input/output error"
    assert levels(caplog) == [logging.ERROR]
    trouble.synced()
    assert not trouble.syncing
    assert not trouble.writing
    assert trouble.counts.sync_failures == 1


def test_says_loudly_that_calls_leave_no_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Trouble(settings(tmp_path, when_disk_full="shed"), lambda: 0.0).met(FULL)
    assert "served WITHOUT A RECORD" in caplog.text
