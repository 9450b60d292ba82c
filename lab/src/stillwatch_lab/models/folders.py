"""Models on disk, and new ones from a configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from logging import getLogger
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from stillwatch_lab.errors import LabSettingsError, ModelError

CONFIGS = resources.files("stillwatch_lab.models") / "configs"
logging.disable_progress_bar()  # a line for each file that is read or written
# Every call here passes a mask; transformers warns of a missing one all the same where a row of a batch has ended.
getLogger("transformers.modeling_utils").addFilter(lambda record: "`attention_mask`" not in record.getMessage())
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
UNBOUNDED = 1 << 20
"""Tokens: for architectures that state no limit of positions."""


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model and the tokenizer that it was trained with."""

    model: Any
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def room(self) -> int:
        """How many tokens it has positions for."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or UNBOUNDED)

    @property
    def end(self) -> int:
        """Number of the token that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    @property
    def pad(self) -> int:
        """Number of the token that fills a row; the end's, where the tokenizer has none for it."""
        pad = self.tokenizer.pad_token_id
        return self.end if pad is None else int(pad)


def read_model(folder: Path, *, device: str = "cpu", dtype: str = "float32") -> LanguageModel:
    """Read a Hugging Face model folder. Raises ModelError if it is none; nothing is ever downloaded."""
    require_model_folder(folder)
    require_device(device)
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=DTYPES[dtype], local_files_only=True)
    except (OSError, ValueError, RuntimeError) as problem:
        raise ModelError(f"{folder}: cannot be loaded: {problem}") from problem
    return _checked(LanguageModel(model.to(device), read_tokenizer(folder)), folder)


def require_model_folder(folder: Path) -> None:
    """Raise ModelError if ``folder`` holds no model."""
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder}: not a model folder, config.json is missing. Nothing is downloaded: put it there first"
        )


def require_device(name: str) -> None:
    """Raise LabSettingsError if torch cannot use the device here."""
    try:
        torch.empty(0, device=name)
    except (AssertionError, RuntimeError) as problem:
        first = str(problem).partition("\n")[0]
        raise LabSettingsError(
            f"device {name!r}: this machine's torch {torch.__version__} cannot use it ({first}). Take cpu, or the "
            "build of torch that fits your GPU: make lab-test TORCH=…"
        ) from None


def read_tokenizer(folder: Path) -> Any:
    """Read the tokenizer of a model folder. Raises ModelError if it has none."""
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as problem:
        raise ModelError(f"{folder}: no tokenizer in it: {problem}") from problem


def new_model(configuration: str, tokenizer: Any, *, seed: int, device: str = "cpu") -> LanguageModel:
    """Make a model with random weights from the name of a bundled configuration or the path of a JSON file.

    The file has the keys of the architecture's ``transformers`` configuration and its ``model_type``; a missing
    ``vocab_size`` and the special tokens are the tokenizer's. Same seed, same weights.
    """
    require_device(device)
    settings = read_configuration(configuration)
    settings.setdefault("vocab_size", len(tokenizer))
    settings |= {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    try:
        config = AutoConfig.for_model(**settings)
    except (KeyError, ValueError, TypeError) as problem:
        raise ModelError(f"{configuration}: not a configuration of {settings['model_type']!r}: {problem}") from problem
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)
    return _checked(LanguageModel(model.to(device), tokenizer), configuration)


def read_configuration(name: str) -> dict[str, Any]:
    """Read a bundled configuration by its name, or a JSON file. Raises ModelError if there is none."""
    path = Path(name)
    text = path.read_text(encoding="utf-8") if path.is_file() else None
    if name in bundled_configurations():
        text = (CONFIGS / f"{name}.json").read_text(encoding="utf-8")
    if text is None:
        bundled = ", ".join(bundled_configurations())
        raise ModelError(f"{name}: neither a model folder, nor a configuration file, nor one of {bundled}")
    try:
        settings: dict[str, Any] = json.loads(text)
        settings["model_type"]
    except (json.JSONDecodeError, KeyError, TypeError) as problem:
        raise ModelError(f"{name}: not a JSON object with a model_type: {problem}") from problem
    return settings


def bundled_configurations() -> list[str]:
    """Name the configurations that ship with the lab: architectures of the wild, small enough for tests."""
    return sorted(path.name.removesuffix(".json") for path in CONFIGS.iterdir() if path.name.endswith(".json"))


def write_model(it: LanguageModel, folder: Path) -> None:
    """Write a folder that ``read_model`` and every other program of that ecosystem reads."""
    it.model.save_pretrained(folder)
    it.tokenizer.save_pretrained(folder)


def parameters(model: nn.Module) -> int:
    """Count the parameters, tied ones once."""
    return sum(p.numel() for p in model.parameters())


def _checked(it: LanguageModel, where: object) -> LanguageModel:
    """Return the model if its embedding has a row for every token."""
    rows = it.model.get_input_embeddings().num_embeddings
    if len(it.tokenizer) > rows:
        raise ModelError(f"{where}: the tokenizer has {len(it.tokenizer):,} tokens, the model only {rows:,}")
    if it.tokenizer.eos_token_id is None:
        raise ModelError(f"{where}: the tokenizer has no end-of-text token, so that no answer could end")
    return it
