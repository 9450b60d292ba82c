"""``stillwatch-lab serve``: a model folder behind an OpenAI-compatible API on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from stillwatch_lab.cli.main import app
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.server.app import make_app
from stillwatch_lab.server.serving import Policy, Served, Shown
from stillwatch_lab.watermarks.kgw import GreenList


@app.command()
def serve(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    *,
    port: Annotated[int, typer.Option(help="On the loopback address, the only one it listens on.")] = 9100,
    top_logprobs: Annotated[int, typer.Option(help="Likeliest tokens named at most; 0: no log-probabilities.")] = 5,
    reasoning: Annotated[Shown, typer.Option(help="How much of the reasoning is shown.")] = Shown.FULL,
    device: Annotated[str, typer.Option(help="Where folders are run: cpu, cuda, cuda:1 …")] = "cpu",
    watermark_key: Annotated[
        int | None,
        typer.Option(envvar="STILLWATCH_LAB_WATERMARK_KEY", help="Mark what is served (green list); secret."),
    ] = None,
) -> None:
    """Serve a model with reasoning and log-probabilities, for experiments: put Stillwatch's gateway before it."""
    it = read_model(model, device=device)
    scheme = GreenList(int(it.model.config.vocab_size), ratio=0.5) if watermark_key else None
    policy = Policy(top_logprobs=top_logprobs, reasoning=reasoning, scheme=scheme, key=watermark_key or 0)
    uvicorn.run(make_app(Served(it, policy, model.name)), host="127.0.0.1", port=port, log_level="warning")
