"""``stillwatch decide``: answer other gateways' questions about calls."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.main import app
from stillwatch.errors import SettingsError
from stillwatch.gateway.assemble import make_parts
from stillwatch.gateway.read_settings import read_settings
from stillwatch.gateway.run_decide import run_decide


@app.command("decide")
def decide_command(
    *,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of the gateway's settings; [decide] is ours.", show_default=False)
    ] = None,
    litellm_plugin: Annotated[
        bool, typer.Option("--litellm-plugin", help="Print the plug-in for LiteLLM's proxy, a file of its own.")
    ] = False,
) -> None:
    """Decide about calls that a gateway you already have is serving (docs/integrations.md)."""
    if litellm_plugin:
        plugin = resources.files("stillwatch.gateway.adapters").joinpath("litellm_plugin.py")
        typer.echo(plugin.read_text(encoding="utf-8"), nl=False)
        return
    if config is None:
        raise SettingsError("stillwatch decide: give --config FILE, or --litellm-plugin")
    settings = read_settings(config)
    parts = make_parts(settings)
    typer.echo(f"deciding on http://{settings.decide.host}:{settings.decide.port}", err=True)
    typer.echo(f"whoever asks shows the token in {settings.decide.token_file}", err=True)
    run_decide(parts)
