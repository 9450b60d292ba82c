"""kill -9 under load, of workers and of everything. Many more times: benchmarks/gateway/faults.py."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarks.gateway.faults import is_clean, kill_again_and_again
from benchmarks.gateway.faulty_model import FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, get

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the process tree from /proc")


def test_whatever_was_answered_or_reached_the_model_is_recorded_once_however_much_is_killed(tmp_path: Path) -> None:
    found = kill_again_and_again(tmp_path, workers=2, wholes=1)
    assert (found.worker_kills, found.gateway_kills) == (2, 1)
    assert found.whole >= 60
    assert found.admitted >= found.answered
    assert is_clean(found), asdict(found)


def test_workers_end_when_their_supervisor_is_killed_so_that_another_gateway_can_start(tmp_path: Path) -> None:
    with FaultyModel() as model, RealGateway(tmp_path, model.url, workers=2) as gateway:
        workers = eventually(lambda: len(w := gateway.worker_pids()) == 2 and w)
        os.kill(gateway.pid, signal.SIGKILL)
        assert gateway.process is not None
        gateway.process.wait()
        eventually(lambda: not any(Path(f"/proc/{w}").exists() for w in workers))
        gateway.start()
        assert get(f"{gateway.url}/readyz")[0] == 200
