"""``stillwatch share``: the options its commands share."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.evidence import FOLDER, KEY, KeyOption, PassphraseOption, open_book
from stillwatch.cli.main import app
from stillwatch.cli.options import sharing
from stillwatch.errors import SettingsError
from stillwatch.evidence.book import Book
from stillwatch.sharing.tables import SHARING_URL
from stillwatch.sharing.taxii.http import Credential
from stillwatch.store.private_file import read_private_file

share_app = typer.Typer(help="Campaigns to and from other hosts; one more piece of evidence.", no_args_is_help=True)
app.add_typer(share_app, name="share")

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="STILLWATCH_SHARING",
        help="SQLite or PostgreSQL; a URL with a password belongs into the variable, where no process list shows it.",
        metavar="URL",
    ),
]
EvidenceOption = Annotated[Path, typer.Option("--evidence", help="Folder of the evidence log; every share is in it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
SenderOption = Annotated[str, typer.Option("--as", help="Name of this host, as partners know it.", show_default=False)]
RecipientOption = Annotated[str, typer.Option("--to", help="Who gets it; logged.", show_default=False)]
PurposeOption = Annotated[str, typer.Option(help="What for; logged.", show_default=False)]
STORE = SHARING_URL

TOKEN_VARIABLE = "STILLWATCH_SHARE_TOKEN"  # noqa: S105 - the name of a variable
MAX_TOKEN_BYTES = 4_096

TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", help=f"File with the token; else ${TOKEN_VARIABLE}.", show_default=False),
]
UserOption = Annotated[
    str, typer.Option("--user", help="Name for HTTP Basic, whose password the token then is.", show_default=False)
]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", help="Client certificate in PEM.", show_default=False)
]
CertificateKeyOption = Annotated[Path | None, typer.Option("--certificate-key", help="Its key.", show_default=False)]
CaOption = Annotated[
    Path | None, typer.Option("--ca", help="Who signs the server's certificate.", show_default="the system's")
]


@dataclass(frozen=True)
class ShareLog:
    """The evidence log that every share goes into first, and what opens it."""

    folder: Path
    key: Path
    passphrase: Path | None

    def open(self) -> Book:
        """Open it to write, beginning it at first use."""
        return open_book(self.folder, key=self.key, passphrase=self.passphrase, create=True)


def _share_log(*, evidence: Path, key: Path, passphrase_file: Path | None) -> AbstractContextManager[ShareLog]:
    return nullcontext(ShareLog(evidence, key, passphrase_file))


logged = sharing(
    {
        "evidence": (EvidenceOption, FOLDER),
        "key": (KeyOption, KEY),
        "passphrase_file": (PassphraseOption, None),
    },
    _share_log,
)
"""Give a command the options of the evidence log, and the log as first argument."""


def _credential(
    *, token_file: Path | None, user: str, certificate: Path | None, certificate_key: Path | None, ca: Path | None
) -> AbstractContextManager[Credential]:
    token = read_token(token_file)
    if user and (":" in user or not token):
        raise SettingsError(f"--user: a name without a colon; its password in --token-file or ${TOKEN_VARIABLE}")
    return nullcontext(Credential(token, certificate, certificate_key, ca, user))


calling = sharing(
    {
        "token_file": (TokenOption, None),
        "user": (UserOption, ""),
        "certificate": (CertificateOption, None),
        "certificate_key": (CertificateKeyOption, None),
        "ca": (CaOption, None),
    },
    _credential,
)
"""Give a command the options by which a partner's server knows us, and the credential as first argument."""


def read_token(path: Path | None) -> str:
    """Read a token from its private file or the environment; empty if there is none. Raises SettingsError."""
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return read_private_file(path, most_bytes=MAX_TOKEN_BYTES, called="the token").decode("ascii").strip()
    except (OSError, ValueError) as problem:
        raise SettingsError(f"--token-file {path}: cannot be read: {problem}") from problem
