"""``stillwatch share overlap``: what two hosts have in common, without showing each other the rest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import (
    STORE,
    SenderOption,
    ShareLog,
    StoreOption,
    calling,
    logged,
    share_app,
)
from stillwatch.errors import EvidenceError, SettingsError
from stillwatch.sharing.overlap.agreement import read_agreement, read_set
from stillwatch.sharing.overlap.client import find_contents, find_count
from stillwatch.sharing.overlap.limits import Limits
from stillwatch.sharing.overlap.psi import require_psi
from stillwatch.sharing.overlap.server import JSON, OverlapApp, Side
from stillwatch.sharing.recording import append_share
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.server import Tls, bind, serve_app
from stillwatch.store.key import read_or_create_key

overlap_app = typer.Typer(help="Private set intersection with one partner, under an agreement.", no_args_is_help=True)
share_app.add_typer(overlap_app, name="overlap")

TRIES, TRY_SECONDS = 10, 1.0
"""How often, and how far apart, a log that is in use is tried."""

AgreementOption = Annotated[
    Path, typer.Option("--agreement", help="TOML file that both hosts hold, byte for byte.", show_default=False)
]
SetOption = Annotated[Path, typer.Option("--set", help="Our values, one a line.", show_default=False)]
UrlOption = Annotated[str, typer.Option("--url", help="Where the partner serves.", show_default=False)]
PemOption = Annotated[Path | None, typer.Option(help="File in PEM.", show_default=False)]


@overlap_app.command("serve")
@logged
def serve_command(
    log: ShareLog,
    *,
    agreement: AgreementOption,
    values: SetOption,
    me: SenderOption,
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "127.0.0.1:8090",
    tls_certificate: PemOption = None,
    tls_key: PemOption = None,
    client_ca: PemOption = None,
    store: StoreOption = STORE,
) -> None:
    """Answer the partner's questions; its token is that of the caller of its name (share caller)."""
    side = _side(agreement, values, me, log)
    tls = Tls(tls_certificate, tls_key, client_ca) if tls_certificate and tls_key else None
    listener = bind(listen, tls=tls)
    database = open_sharing(store)
    host, port = listener.getsockname()[:2]
    typer.echo(f"Answering {side.partner} on {'https' if tls else 'http'}://{host}:{port}", err=True)
    try:
        serve_app(OverlapApp(side, database), listener, tls)
    finally:
        database.close()


@overlap_app.command("count")
@calling
@logged
def count_command(
    log: ShareLog,
    credential: Credential,
    *,
    agreement: AgreementOption,
    values: SetOption,
    me: SenderOption,
    url: UrlOption,
    store: StoreOption = STORE,
) -> None:
    """Ask how many of our values the partner has; both sides learn the number, and nobody which."""
    side = _side(agreement, values, me, log)
    http = Http(credential, media_type=JSON)
    database = open_sharing(store)
    try:
        found = find_count(http, url, side, database)
    finally:
        database.close()
    typer.echo(f"{found:,} of our {len(side.values):,} values are known to {side.partner}.")
    if found >= side.agreement.min_found:
        typer.echo("Enough to see which, if both sides say so: stillwatch share overlap consent")


@overlap_app.command("consent")
def consent_command(
    *,
    agreement: AgreementOption,
    me: SenderOption,
    asker: Annotated[str, typer.Option(help="Which side may learn the contents.", show_default=False)],
    store: StoreOption = STORE,
) -> None:
    """Consent, for this period, to the asking side's learning which of the counted values are in common."""
    terms = read_agreement(agreement)
    terms.partner_of(me)
    if asker not in terms.parties:
        raise SettingsError(f"--asker {asker}: the agreement is between {' and '.join(terms.parties)}")
    database = open_sharing(store)
    try:
        Limits(database, terms, asker=asker, period=terms.period(time.time())).consent()
    finally:
        database.close()
    typer.echo(f"{asker} may learn the contents in this period, if the other side consents, too.")


@overlap_app.command("contents")
@calling
@logged
def contents_command(
    log: ShareLog,
    credential: Credential,
    *,
    agreement: AgreementOption,
    values: SetOption,
    me: SenderOption,
    url: UrlOption,
    store: StoreOption = STORE,
) -> None:
    """List which of our values the partner has: those that were counted, and with both sides' consent."""
    side = _side(agreement, values, me, log)
    http = Http(credential, media_type=JSON)
    database = open_sharing(store)
    try:
        found = find_contents(http, url, side, database)
    finally:
        database.close()
    for value in found:
        typer.echo(printable(value))


def _side(agreement: Path, values: Path, me: str, log: ShareLog) -> Side:
    require_psi()
    terms = read_agreement(agreement)
    terms.partner_of(me)

    def record(recipient: str, purpose: str) -> None:
        # `watch` holds the log for a moment each minute; a partner's run is not to be lost to that.
        for last in (*[False] * (TRIES - 1), True):
            try:
                with log.open() as book:
                    append_share(book, recipient=recipient, purpose=purpose, objects=[])
            except EvidenceError:
                if last:
                    raise
                time.sleep(TRY_SECONDS)
            else:
                return

    return Side(me, terms, read_set(values, terms), read_or_create_key(log.key), record, time.time)
