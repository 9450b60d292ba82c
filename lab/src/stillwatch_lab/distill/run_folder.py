"""The folder of a run: which run it belongs to, and the files in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch_lab.errors import RunError


@dataclass(frozen=True)
class RunFolder:
    """``run/`` in the student's folder."""

    path: Path

    @property
    def samples(self) -> Path:
        """What the teacher answered."""
        return self.path / "samples.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where the training stands."""
        return self.path / "checkpoint.pt"

    @property
    def picture(self) -> Path:
        """The loss curves."""
        return self.path / "loss.svg"

    @property
    def losses(self) -> Path:
        """The numbers behind the picture."""
        return self.path / "losses.json"

    @property
    def card(self) -> Path:
        """Written last: where it is, the run is done."""
        return self.path / "card.json"


def open_run(out: Path, identity: dict[str, Any]) -> RunFolder:
    """Open the run in ``out``, or begin it there.

    Raises RunError if the folder holds a run with another ``identity``, naming what differs, or something else.
    """
    folder = RunFolder(out / "run")
    path = folder.path / "run.json"
    wanted = json.loads(json.dumps(identity, default=str))
    if path.is_file():
        there = json.loads(path.read_text(encoding="utf-8"))
        differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        if differing:
            changes = "; ".join(f"{name} was {there.get(name)!r}, is {wanted.get(name)!r}" for name in differing)
            raise RunError(f"{out} holds another run: {changes}. Choose another folder, or the same settings to go on")
    elif out.exists() and any(out.iterdir()):
        raise RunError(f"{out} is not empty and no run of this lab: choose another folder")
    else:
        folder.path.mkdir(parents=True)
        path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    return folder


def file_sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
