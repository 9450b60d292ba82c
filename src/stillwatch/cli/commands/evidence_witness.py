"""``stillwatch evidence``: what involves others: witness, cosign, confirm."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.evidence import FOLDER, FolderOption, JsonOption, PassphraseOption, evidence_app
from stillwatch.evidence.bundle.heads import HEADS
from stillwatch.evidence.cosigning import Round, cosign, read_trust
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.keyset import read_passphrase
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.opened import open_log
from stillwatch.evidence.posting import SECONDS
from stillwatch.evidence.second_sources import Statement, sign_statement
from stillwatch.evidence.witness.keeping import open_witness
from stillwatch.evidence.witness.server import WitnessApplication, bind_witness, serve_witness

WITNESS_FOLDER = Path(".stillwatch/witness")
NO_QUORUM = 1
"""Exit code of a checkpoint that has no quorum yet: nothing is broken, and the next round may bring it."""
WORTH_NOTHING = "run by the log's own operator: proves nothing to others"


@evidence_app.command("witness")
def witness_command(
    *,
    log: Annotated[
        list[str],
        typer.Option("--log", help="vkey of a log to follow; repeatable.", metavar="VKEY", show_default=False),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of a new witness, as a URL without https://.", show_default=False)
    ] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "127.0.0.1:8088",
    folder: Annotated[Path, typer.Option("--folder", help="Where its keys and its memory live.")] = WITNESS_FOLDER,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Witness the logs of others: cosign each checkpoint that continues the one before (C2SP tlog-witness).

    Keep its folder: a witness that lost its memory has to retire. Witnessing one's own log proves nothing to anybody.
    """
    secret = None if passphrase_file is None else lambda: read_passphrase(passphrase_file)
    witness, keys = open_witness(folder, name, log, clock=time.time, passphrase=secret)
    listener = bind_witness(listen)
    host, port = listener.getsockname()[:2]
    typer.echo(f"Witnessing {len({v.split('+')[0] for v in log})} log(s) on http://{host}:{port}; its keys:", err=True)
    for key in keys:
        typer.echo(str(key), err=True)
    serve_witness(
        WitnessApplication(witness, on_error=lambda says: typer.echo(f"stillwatch: {says}", err=True)), listener
    )


@evidence_app.command("confirm")
def confirm_command(
    *,
    origin: Annotated[str, typer.Option(help="Origin of the accusing host's log.", show_default=False)],
    campaign: Annotated[str, typer.Option(help="The campaign's name in the host's report.", show_default=False)],
    head: Annotated[int, typer.Option(help="Number of the head, as in heads.json: 1 to 7.", min=1, max=len(HEADS))],
    says: Annotated[str, typer.Option(help="What you saw, from records of your own, in one line.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write.", show_default=False)],
    folder: FolderOption = FOLDER,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Confirm what another host says about a campaign, as a second source: a statement signed with your log's key.

    Say only what your own records show. Publish your key where its readers can find it without the host's help.
    """
    secret = None if passphrase_file is None else lambda: read_passphrase(passphrase_file)
    keys = open_log(folder).keys
    (mine,) = [key for key in keys.current if key.algorithm is Algorithm.ED25519]
    statement = Statement(origin, campaign, HEADS[head - 1], says)
    write_whole(out, sign_statement(statement, keys.signers([mine], secret)[0]), durable=True)
    typer.echo(f"{out}: {HEADS[head - 1]}; signed with {mine}")


@evidence_app.command("cosign")
def cosign_command(
    *,
    folder: FolderOption = FOLDER,
    policy: Annotated[
        Path | None, typer.Option(help="Trust policy (C2SP tlog-policy).", show_default="policy.txt in the folder")
    ] = None,
    operators: Annotated[
        Path | None, typer.Option(help="Who runs what, and time-stamps.", show_default="operators.toml in the folder")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Longest that one answer may take.", min=0.1)] = SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Ask witnesses to cosign the current checkpoint, and authorities to time-stamp it; run it every few minutes.

    Exit codes: 0 the policy's quorum is reached; 1 it is not, and whoever failed is named; 2 wrong input or use.
    """
    trusted, known = read_trust(policy or folder / "policy.txt", operators or folder / "operators.toml")
    done = cosign(open_log(folder), trusted, known, seconds=seconds)
    if as_json:
        typer.echo(json.dumps(done.to_dict()))
    else:
        _print(done)
    if not done.standing.has_quorum:
        raise typer.Exit(NO_QUORUM)


def _print(done: Round) -> None:
    head = done.standing.checkpoint
    typer.echo(f"Checkpoint of {head.origin}, {head.size:,} entries:")
    for c in done.standing.cosigned:
        whose = WORTH_NOTHING if c.witness.is_ours else f"run by {_shown(c.witness.run_by or 'nobody has said whom')}"
        typer.echo(f"  cosigned {_when(c.time)} by {_shown(c.witness.name)} ({whose})")
    for s in done.stamped:
        whose = WORTH_NOTHING if s.authority.is_ours else s.timestamp.authority
        typer.echo(f"  time-stamped {_when(s.timestamp.time)} by {s.authority.name} ({_shown(whose)})")
    for name, problem in done.problems.items():
        typer.echo(f"  nothing from {_shown(name)}: {_shown(problem)}")
    typer.echo(f"Quorum: {_verdict(done)}; independent parties: {len(done.standing.independent_parties)}.")


def _verdict(done: Round) -> str:
    if not done.standing.has_quorum:
        return "NOT reached"
    return "reached" if done.standing.has_independent_quorum else "reached, but NOT by independent parties"


def _when(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"at POSIX second {seconds}"


def _shown(text: str) -> str:
    """Return what a terminal can show and does not obey: names in a policy are arbitrary bytes."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
