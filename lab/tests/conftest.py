"""What every test of the lab runs under: no hub, one thread a process; and a teacher that is made once."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # what is experimental there is only compared with

import pytest
import torch

from tiny import write_adder, write_prompts

# Two test processes on two cores: a second thread each makes both slower.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def adder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small llama that adds digits, under MIT."""
    return write_adder(tmp_path_factory.mktemp("teacher") / "adder")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    return write_prompts(tmp_path / "prompts.txt")
