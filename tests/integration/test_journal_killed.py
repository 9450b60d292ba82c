"""kill -9 under load: no admitted record lost, none doubled. Many more times: benchmarks/gateway/journal_faults.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_writers_and_sealers_killed_fifty_times_lose_and_double_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.gateway.journal_faults", "--times", "50", "--longest", "0.2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    found = json.loads(done.stdout)
    assert found["kills"] == 50
    assert found["admitted"] > 1_000
    assert found["finished"] > 500
    assert found["segments"] >= 5, "no sealer got anything done before it was killed"
    assert (found["lost"], found["doubled"], found["ends_lost"], found["left_behind"]) == (0, 0, 0, 0), done.stderr
