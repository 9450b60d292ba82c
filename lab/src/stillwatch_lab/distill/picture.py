"""The loss curves of a run, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from stillwatch_lab.distill.checkpoint import Progress

WINDOW_SHARE = 0.02
"""Of all steps: the running mean's window. Single steps are noise of the batch."""


def draw_losses(progress: Progress, path: Path, *, title: str) -> None:
    """Draw the training loss (each step, faint; running mean) and the held-out loss by step. Same run, same bytes."""
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    steps = np.arange(1, len(progress.losses) + 1)
    losses = np.array(progress.losses)
    window = max(1, int(len(losses) * WINDOW_SHARE))
    axes.plot(steps, losses, color="#9db8d2", linewidth=1, label="training, each step")
    if window > 1:
        mean = _running_mean(losses, window)
        axes.plot(steps[window - 1 :], mean, color="#1f5b94", label=f"training, mean of {window}")
    if progress.held_out:
        at, held_out = zip(*progress.held_out, strict=True)
        axes.plot(at, held_out, color="#c4511f", marker="o", markersize=3, label="held-out prompts")
    axes.set(xlabel="step", ylabel="nats a token", title=title)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    return np.convolve(values, np.full(window, 1 / window), mode="valid")
