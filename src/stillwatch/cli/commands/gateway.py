"""``stillwatch gateway``: stand between callers and a model server."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from stillwatch.cli.main import app
from stillwatch.errors import SettingsError
from stillwatch.gateway.assemble import make_admin, make_parts, metrics_folder
from stillwatch.gateway.demo import make_demo
from stillwatch.gateway.metric_page import forget_earlier
from stillwatch.gateway.read_settings import read_settings
from stillwatch.gateway.server import bind, serve
from stillwatch.gateway.settings import Listen
from stillwatch.gateway.spans.process import start_spans
from stillwatch.gateway.upstream import check_upstreams


@app.command()
def gateway(
    *,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings (docs/gateway.md).")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Run in front of a built-in stand-in model; no settings.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Listen here instead.", min=1, max=65535)] = None,
) -> None:
    """Stand between callers and a model server: keys, limits, policy, and a record of every call."""
    if demo == (config is not None):
        raise SettingsError("stillwatch gateway: give either --config FILE or --demo")
    if config is None:
        listen = Listen(port=port or Listen.port)
        listener = bind(listen)
        with TemporaryDirectory(prefix="stillwatch-demo-") as folder:
            shown = make_demo(listen, Path(folder), now=time.time())
            typer.echo(f"A key for the demo: {shown.key}\n\nTry it from another terminal:\n\n{shown.greeting()}\n")
            serve(shown.parts, listen, listener)
        return
    settings = read_settings(config)
    check_upstreams(settings.upstreams)
    listen = replace(settings.listen, port=port or settings.listen.port)
    listener = bind(listen)
    forget_earlier(metrics_folder(settings))
    admin = make_admin(settings)
    spans = start_spans(settings, metrics=metrics_folder(settings))
    admin.start()
    typer.echo(f"listening on http://{listen.host}:{listen.port}, {listen.workers} worker(s)", err=True)
    typer.echo(
        f"admin API on http://{settings.admin_host}:{admin.port}, token in {settings.admin_token_file}", err=True
    )
    try:
        serve(partial(make_parts, settings), listen, listener)
    finally:
        admin.stop()
        if spans is not None:
            spans.stop()
