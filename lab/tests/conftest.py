"""What every test of the lab runs under: no hub, one thread a process."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # what is experimental there is only compared with

import torch

# Two test processes on two cores: a second thread each makes both slower.
torch.set_num_threads(1)
