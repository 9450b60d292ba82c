"""``stillwatch register actor``: a key of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.register import ACTOR, ActorOption, ActorPassphraseOption, register_app
from stillwatch.evidence.keyset import read_passphrase
from stillwatch.registry.actors import make_actor


@register_app.command("actor")
def actor_command(
    name: Annotated[
        str, typer.Argument(help="How the register calls you; published. Best a role.", show_default=False)
    ],
    *,
    actor: ActorOption = ACTOR,
    actor_passphrase_file: ActorPassphraseOption = None,
) -> None:
    """Make your own key, with which you sign what you do in a register, and print its public half.

    Keep the file to yourself: whoever holds it acts as you. Publish the printed line where readers know it is yours.
    """
    secret = read_passphrase(actor_passphrase_file) if actor_passphrase_file else None
    typer.echo(make_actor(Path(actor), name, passphrase=secret).key)
