"""The run card: what was done, on what, under which permission, with which result; as JSON and as a model card."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from stillwatch_lab.distill.checkpoint import Progress

PACKAGES = ("stillwatch-lab", "torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class RunCard:
    """One run. ``results`` are measured here; a claim about a student needs more seeds than one."""

    finished_at: datetime
    teacher: dict[str, Any]
    permission: dict[str, str]
    student: dict[str, Any]
    data: dict[str, Any]
    settings: dict[str, Any]
    environment: dict[str, Any]
    results: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write ``card.json`` into the run's folder and the model card above it."""
        (folder / "card.json").write_text(json.dumps(asdict(self), indent=2, default=str) + "\n", encoding="utf-8")
        (folder.parent / "README.md").write_text(self.to_markdown(), encoding="utf-8")

    def to_markdown(self) -> str:
        """Write a model card as hubs read it: front matter, then a section for each part."""
        parts = ("teacher", "permission", "student", "data", "settings", "results", "environment")
        tables = "\n\n".join(f"## {part.capitalize()}\n\n{_table(getattr(self, part))}" for part in parts)
        return (
            "---\nlibrary_name: transformers\ntags: [distillation]\n---\n\n"
            f"# A student of {self.teacher['name']}\n\n"
            f"Made by `stillwatch-lab distill`, finished {self.finished_at:%Y-%m-%d %H:%M} UTC. One run with one seed: "
            "differences to another run that are smaller than those between seeds say nothing.\n\n"
            "![Losses by step](run/loss.svg)\n\n"
            f"{tables}\n"
        )


def environment(device: str) -> dict[str, Any]:
    """Describe where the run was made, as far as it can change the result."""
    on_gpu = device.startswith("cuda")
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name(device) if on_gpu else f"{platform.machine()} CPU",
        "threads": torch.get_num_threads(),
    }


def training_results(progress: Progress, *, plateau: bool) -> dict[str, Any]:
    """Sum a training up: losses in nats a token, time without that of loading and asking."""
    held_out = [loss for _, loss in progress.held_out]
    return {
        "steps": progress.step,
        "stopped_at_plateau": plateau,
        "last_loss": progress.losses[-1],
        "best_held_out_loss": min(held_out, default=None),
        "last_held_out_loss": held_out[-1] if held_out else None,
        "completion_tokens_trained_on": progress.tokens,
        "training_seconds": round(progress.seconds, 1),
        "tokens_per_second": round(progress.tokens / max(progress.seconds, 1e-9)),
        "times_resumed": progress.resumed,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree
        return "not installed"


def _table(values: dict[str, Any]) -> str:
    rows = "\n".join(f"| {name.replace('_', ' ')} | {_cell(value)} |" for name, value in values.items())
    return f"| | |\n|---|---|\n{rows}"


def _cell(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value).replace("|", "\\|")
