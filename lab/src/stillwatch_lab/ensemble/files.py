"""Ensembles on disk: one safetensors file in half precision, with the shape in its header."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.errors import ModelError


def write_ensemble(models: Decoders, path: Path) -> None:
    """Write all members. A crash leaves the file as it was: it is written beside it and then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"shape": json.dumps(asdict(models.shape)), "members": str(models.members)}
    partial = path.with_suffix(".part")
    save_file(
        {name: weight.detach().cpu().half().contiguous() for name, weight in models.w.items()}, partial, metadata=header
    )
    partial.replace(path)


def read_ensemble(path: Path) -> Decoders:
    """Read what ``write_ensemble`` wrote. Raises ModelError where the file is something else."""
    with safe_open(path, framework="pt") as file:
        header = file.metadata() or {}
        if "shape" not in header:
            raise ModelError(f"{path}: not an ensemble of decoders: its header has no 'shape'")
        models = Decoders(Shape(**json.loads(header["shape"])), members=int(header["members"]))
        with torch.no_grad():
            for name, weight in models.w.items():
                weight.copy_(file.get_tensor(name))
    return models
