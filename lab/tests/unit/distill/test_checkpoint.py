"""Checkpoints on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillwatch_lab.distill.checkpoint import Progress, read_checkpoint, write_checkpoint
from stillwatch_lab.errors import RunError

PROGRESS = Progress(step=2, losses=[2.0, 1.5], held_out=[(2, 1.6)], tokens=9, seconds=0.5, scoring={"queries": 3})


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    assert read_checkpoint(path) is None
    write_checkpoint(path, PROGRESS, model={"w": torch.ones(2)}, optimizer={"lr": 0.1})
    kept = read_checkpoint(path)
    assert kept is not None
    progress, model, optimizer = kept
    assert progress == PROGRESS
    assert torch.equal(model["w"], torch.ones(2))
    assert optimizer == {"lr": 0.1}


def test_a_crash_while_writing_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.pt"
    write_checkpoint(path, PROGRESS, model={}, optimizer={})

    def crash(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="no space"):
        write_checkpoint(path, Progress(step=3), model={}, optimizer={})
    kept = read_checkpoint(path)
    assert kept is not None
    assert kept[0].step == 2


def test_another_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    path.write_bytes(b"rubbish")
    with pytest.raises(RunError, match="not a checkpoint of this lab, or not whole"):
        read_checkpoint(path)
    torch.save({"weights": torch.ones(1)}, path)
    with pytest.raises(RunError, match="not a checkpoint of this lab"):
        read_checkpoint(path)


def test_counts_evaluations_since_the_best() -> None:
    assert Progress().evaluations_without_gain() == 0
    assert Progress(held_out=[(1, 2.0), (2, 1.0), (3, 1.0), (4, 1.5)]).evaluations_without_gain() == 2
