"""kill -9 under load, of workers, of their supervisor, of everything. Many more times: benchmarks/gateway/faults.py."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarks.gateway.faults import is_clean, kill_again_and_again

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the process tree from /proc")


def test_whatever_was_answered_or_reached_the_model_is_recorded_once_however_much_is_killed(tmp_path: Path) -> None:
    found = kill_again_and_again(tmp_path, workers=2, wholes=1, supervisors=1)
    assert (found.worker_kills, found.gateway_kills, found.supervisor_kills) == (2, 1, 1)
    assert found.whole >= 80
    assert found.admitted >= found.answered
    # Among what must be zero: workers that lived on without their supervisor, so that no other gateway could start.
    assert is_clean(found), asdict(found)
