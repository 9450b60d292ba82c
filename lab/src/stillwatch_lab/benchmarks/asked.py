"""What a model is to be scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """Which benchmarks: ``names`` that the harness finds in ``folder`` or knows, and files of the shapes here."""

    names: tuple[str, ...] = ()
    folder: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    limit: int | None = None
    run_code: bool = False
