"""``stillwatch share``: what others may fetch: serve, collections, callers."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import STORE, StoreOption, share_app
from stillwatch.errors import SettingsError
from stillwatch.sharing.stix_ids import stix_id
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.server import ServeSettings, Tls, bind, serve_taxii

PemOption = Annotated[Path | None, typer.Option(help="File in PEM.", show_default=False)]


@share_app.command("serve")
def serve_command(
    *,
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "127.0.0.1:8089",
    title: Annotated[str, typer.Option(help="Name of the server, as partners see it.")] = "Stillwatch",
    contact: Annotated[str, typer.Option(help="Whom partners may write to.", show_default=False)] = "",
    tls_certificate: PemOption = None,
    tls_key: PemOption = None,
    client_ca: PemOption = None,
    store: StoreOption = STORE,
) -> None:
    """Serve collections over TAXII 2.1. Beyond this machine it needs TLS; clients show a token or a certificate."""
    tls = None
    if tls_certificate or tls_key or client_ca:
        if not (tls_certificate and tls_key):
            raise SettingsError("share serve: TLS needs both --tls-certificate and --tls-key")
        tls = Tls(tls_certificate, tls_key, client_ca)
    listener = bind(listen, tls=tls)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"TAXII 2.1 on {'https' if tls else 'http'}://{shown}:{port}/taxii2/", err=True)
    serve_taxii(ServeSettings(store, listen, title, contact, tls), listener)


@share_app.command("collection")
def collection_command(
    title: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    *,
    description: Annotated[str, typer.Option(help="What is in it.", show_default=False)] = "",
    store: StoreOption = STORE,
) -> None:
    """Add a collection; nobody may read it until a caller gets the right."""
    database = open_sharing(store)
    typer.echo(Callers(database).add_collection(title, description))
    database.close()


@share_app.command("caller")
def caller_command(
    name: Annotated[str, typer.Argument(help="Whom the credential is for.", show_default=False)],
    *,
    read: Annotated[list[str] | None, typer.Option(help="Collection it may read; repeatable.")] = None,
    write: Annotated[list[str] | None, typer.Option(help="Collection it may write to; repeatable.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="Client certificate in PEM, in place of a token.", show_default=False)
    ] = None,
    sender: Annotated[
        str,
        typer.Option(
            "--as",
            help="Name in which alone it may write, its own if not told: nobody revokes in another's.",
            show_default=False,
        ),
    ] = "",
    any_name: Annotated[
        bool, typer.Option("--any-name", help="It may write in any name: a hub that passes on what others said.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take everything from it.")] = False,
    store: StoreOption = STORE,
) -> None:
    """Let a partner in: prints a token, this once. Repeated, it replaces token and rights."""
    if sender and any_name:
        raise SettingsError(f"--as {sender!r} and --any-name contradict each other: leave one of them out")
    database = open_sharing(store)
    try:
        callers = Callers(database)
        if remove:
            callers.remove_caller(name)
            typer.echo(f"Removed {name}.")
            return
        identity = "" if any_name else stix_id("identity", (sender or name).casefold())
        token = callers.add_caller(
            name, read=read or [], write=write or [], certificate=_der(certificate), identity=identity
        )
    finally:
        database.close()
    typer.echo(token or f"{name} shows the certificate.")


@share_app.command("callers")
def callers_command(*, store: StoreOption = STORE) -> None:
    """List callers with their rights, and collections."""
    database = open_sharing(store)
    callers = Callers(database)
    for name, kind in callers.names():
        typer.echo(f"{printable(name)} ({kind})")
        for right in callers.rights(name).values():
            may = " and ".join(word for word, yes in (("read", right.can_read), ("write", right.can_write)) if yes)
            typer.echo(f"  may {may}: {printable(right.title)} {right.collection}")
    for collection, title in callers.collections():
        typer.echo(f"collection {collection} {printable(title)}")
    database.close()


def _der(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return ssl.PEM_cert_to_DER_cert(path.read_text("ascii"))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"--certificate {path}: not a certificate in PEM: {problem}") from problem
