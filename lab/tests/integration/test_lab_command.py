"""The command itself, as a process: killed, refused, explained."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LAB = [sys.executable, "-m", "stillwatch_lab"]


def options(teacher: Path, prompts: Path, out: Path, *, steps: int) -> list[str]:
    given = f"--student tiny-llama --steps {steps} --batch-size 8 --max-new-tokens 3 --method logits"
    return [*LAB, "distill", str(teacher), "--prompts", str(prompts), "-o", str(out), *given.split()]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "160"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)


def test_a_killed_process_goes_on_where_it_was(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    often = tmp_path / "often.toml"
    often.write_text("checkpoint_every = 10\nwarmup_steps = 5\n", encoding="utf-8")
    cut = [*options(adder_folder, prompts, tmp_path / "cut", steps=40), "--settings", str(often)]
    process = subprocess.Popen(cut, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    checkpoint = tmp_path / "cut" / "run" / "checkpoint.pt"
    try:
        deadline = time.monotonic() + 240
        while not checkpoint.exists():
            assert process.poll() is None, "it was done before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "cut" / "run" / "card.json").exists(), "killed in the middle"
    done = run(*cut)
    assert done.returncode == 0, done.stderr
    whole = run(*options(adder_folder, prompts, tmp_path / "whole", steps=40), "--settings", str(often))
    assert whole.returncode == 0, whole.stderr
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("cut", "whole")]
    assert weights[0] == weights[1]


def test_a_refusal_is_one_line_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    asked = run(*options(tmp_path, tmp_path / "p.txt", tmp_path / "out", steps=1))
    assert asked.returncode == 2
    assert asked.stderr.startswith("stillwatch-lab:")
    assert "no licence found" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_command_that_needs_no_torch_does_not_load_it() -> None:
    script = "import sys; from stillwatch_lab.cli.main import load_commands; load_commands('plan'); "
    loaded = run(sys.executable, "-c", script + "sys.exit('torch' in sys.modules)")
    assert loaded.returncode == 0, loaded.stderr


def test_a_plan_shows_its_assumptions_and_takes_edited_ones(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    assert run(*LAB, "plan", "--teacher", "x", "--write-assumptions", str(mine)).returncode == 0
    mine.write_text(mine.read_text(encoding="utf-8").replace("output = 1.20", "output = 2.40"), encoding="utf-8")
    asked = (*LAB, "plan", "--teacher", "deepseek-v4-flash", "--queries", "1000", "--calls-a-day", "10")
    shown = run(*asked)
    assert shown.returncode == 0, shown.stderr
    for word in ("list prices of deepseek read 2026-11-25", "accounts for 30 days", "DeepSeek-R1-Distill"):
        assert word in shown.stdout
    listed, edited = (json.loads(run(*asked, "--json", *more).stdout) for more in ((), ("--assumptions", str(mine))))
    assert listed["plan"]["api_usd"] == 1000 * (200 * 0.30 + 4000 * 1.20) / 1e6
    assert edited["plan"]["api_usd"] == 1000 * (200 * 0.30 + 4000 * 2.40) / 1e6
