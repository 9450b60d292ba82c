import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.errors import JournalError
from stillwatch.gateway.journal import alive

HOLD = """
import sys, pathlib
from stillwatch.gateway.journal import alive
alive.hold(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_until_its_handle_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    assert not alive.is_held(path)
    handle = alive.hold(path)
    assert alive.is_held(path)
    assert path.stat().st_mode & 0o777 == 0o600
    os.close(handle)
    assert not alive.is_held(path)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert alive.is_held(path)
        process.kill()
        process.wait()
    assert path.exists()
    assert not alive.is_held(path)


def test_looking_does_not_disturb_others_who_look(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    os.close(alive.hold(path))
    assert [alive.is_held(path) for _ in range(3)] == [False] * 3


def test_one_at_a_time(tmp_path: Path) -> None:
    def again() -> None:
        with alive.only_one(tmp_path / "l", doing="sealing"):
            pass

    with alive.only_one(tmp_path / "l", doing="sealing"), pytest.raises(JournalError, match="another process is seal"):
        again()
    again()
