from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the bench lock is not installed (make .venv/.bench)")

from benchmarks import calibrate
from benchmarks.calibrate import Line, checks, read_lines
from benchmarks.false_alarms import Innocent

SCAN = Innocent(3, "own", 1000, (1.5, -2.0))


def write(path: Path, *lines: Line, tail: str = "") -> Path:
    path.write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines) + tail)
    return path


def test_finished_scans_are_read_back(tmp_path: Path) -> None:
    kept = write(tmp_path / "lines", Line("d", 0.4, SCAN))
    assert read_lines(kept, detector="d", scale=0.4) == {3: SCAN}


def test_scans_of_another_detector_or_size_are_not_mixed_in(tmp_path: Path) -> None:
    kept = write(tmp_path / "lines", Line("older", 0.4, SCAN), Line("d", 0.2, SCAN))
    assert read_lines(kept, detector="d", scale=0.4) == {}


def test_scans_of_other_prompts_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = write(tmp_path / "lines", Line("d", 0.4, Innocent(4, "own", 1000, ())))
    for public, expected in ((tmp_path, set()), (tmp_path / "absent", {4})):
        monkeypatch.setattr(calibrate, "SHARED", public)
        assert set(read_lines(kept, detector="d", scale=0.4)) == expected


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    kept = write(tmp_path / "lines", Line("d", 0.4, SCAN), tail='{"detector": "d", "sca')
    assert read_lines(kept, detector="d", scale=0.4) == {3: SCAN}


def test_each_half_by_seed_has_both_pools() -> None:
    scans = [Innocent(i, "shared" if i % 2 == 0 else "own", 1000, (0.0,)) for i in range(40)]
    by_seed, _, by_pool, _ = checks(scans)
    assert (by_seed.reference, by_pool.reference) == (20, 20)
    assert {s.pool for s in scans if s.number // 2 % 2 == 0} == {"shared", "own"}


def test_one_pool_alone_is_not_judged_by_the_other() -> None:
    assert len(checks([Innocent(i, "own", 1000, (0.0,)) for i in range(40)])) == 2
