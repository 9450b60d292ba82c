"""``stillwatch evidence``: what makes bundles and checks them: claim, bundle, verify, openings, audit."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvicorn

from stillwatch.bundling import claim_event, open_recorded
from stillwatch.cli.evidence import FOLDER, KEY, FolderOption, KeyOption, PassphraseOption, evidence_app, open_book
from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.audit import Audit, audit, host
from stillwatch.evidence.bundle.made import read_made
from stillwatch.evidence.bundle.make import Recorded, Wanted, make_bundle
from stillwatch.evidence.keyset import read_passphrase
from stillwatch.evidence.openings import Openings, OpeningsApp
from stillwatch.evidence.sample import USUAL_SIZE
from stillwatch.evidence.vault import FIELDS
from stillwatch.replaying import replay as repeat_scan
from stillwatch.settings import MEMORY_GIB, THREADS

ReportArgument = Annotated[Path, typer.Argument(help="Folder of a scan's report.", show_default=False)]
BundleArgument = Annotated[Path, typer.Argument(help="A bundle.", show_default=False)]
CampaignOption = Annotated[str, typer.Option(help="The campaign's name in the report.", show_default=False)]
PolicyOption = Annotated[
    Path | None, typer.Option(help="Trust policy: log keys, witnesses, quorum (c2sp.org/tlog-policy).")
]
TokenOption = Annotated[
    Path, typer.Option("--token-file", help="Its first line is the secret of the audit.", show_default=False)
]


@evidence_app.command("claim")
def claim_command(
    report: ReportArgument,
    *,
    campaign: CampaignOption,
    draw_by: Annotated[
        str, typer.Option(help="Public value that will draw the sample: source and round.", show_default=False)
    ],
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Fix the list of a campaign's counted calls in the log, before a sample of it is drawn.

    Name a value that nobody knows yet ("drand quicknet round 12345678"). Then have the checkpoint cosigned or
    time-stamped, wait for that value, and make the bundle with it.
    """
    recorded = _open(folder, campaign, key, passphrase_file)
    event = claim_event(Wanted(report, campaign), recorded, draws=draw_by)
    with open_book(folder, key=key, passphrase=passphrase_file) as book:
        at = book.append_events([event])
    said = "is in the log already" if at is None else f"is entry {at} of the log"
    typer.echo(f"The list of {event.fields['exchanges']:,} exchanges of {campaign} {said}: {event.fields['calls']}")


@evidence_app.command("bundle")
def bundle_command(
    report: ReportArgument,
    *,
    campaign: CampaignOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Zip file to write.", show_default=False)],
    leaves: Annotated[
        Literal["all", "sample"], typer.Option(help="Bring every counted entry, or the sample only.")
    ] = "all",
    beacon: Annotated[
        str | None, typer.Option(help="Public random value in hex that draws the sample.", show_default=False)
    ] = None,
    size: Annotated[int, typer.Option("--sample-size", help="Entries to draw: 59, 299, 459 or 6905.")] = USUAL_SIZE,
    disclose: Annotated[
        list[str] | None, typer.Option(help=f"Open this field of the sample; repeatable: {', '.join(FIELDS)}.")
    ] = None,
    attribution: Annotated[
        Path | None, typer.Option(help="Text that says who the operator is; kept word for word.")
    ] = None,
    lab_test: Annotated[Path | None, typer.Option(help="Report of a test of the suspected model.")] = None,
    second_source: Annotated[
        list[Path] | None, typer.Option(help="Statement of a second source (evidence confirm); repeatable.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Show the fingerprints of the whole scan, so that it can be repeated.")
    ] = False,
    policy: PolicyOption = None,
    checkpoint: Annotated[
        int | None, typer.Option(help="Prove under the checkpoint of this size.", show_default="the last cosigned one")
    ] = None,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Make a bundle of a campaign's evidence that anybody can check offline: claims, entries, proofs, verify.py.

    The same report, log and options make the same bytes. Nothing private goes in but what --disclose opens.
    """
    unknown = set(disclose or ()) - set(FIELDS)
    if unknown:
        raise EvidenceError(f"--disclose {', '.join(sorted(unknown))}: no such field; there are: {', '.join(FIELDS)}")
    wanted = Wanted(
        report,
        campaign,
        whole=leaves == "all",
        beacon=beacon,
        sample_size=size,
        disclose=frozenset(disclose or ()),
        attribution=attribution,
        lab_test=lab_test,
        fingerprints=replay,
        second_sources=tuple(second_source or ()),
        policy=_read(policy) if policy else None,
    )
    recorded = _open(folder, campaign, key, passphrase_file, checkpoint)
    said = make_bundle(wanted, recorded, out)
    typer.echo(f"{out}: {said['exchanges']:,} exchanges of {campaign}, under a checkpoint of {said['log']['size']:,}")
    for line in said["contrary"]:
        typer.echo(line)


@evidence_app.command("verify")
def verify_command(
    bundle: BundleArgument,
    *,
    policy: PolicyOption = None,
    seen: Annotated[
        Path | None, typer.Option(help="A checkpoint of the log from elsewhere, to notice a fork.", show_default=False)
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option(help=f"Fail unless this is verified: {', '.join(verify.RUNGS)}.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Key of a second source that you trust; repeatable.", metavar="VKEY")
    ] = None,
    stamped: Annotated[
        bool, typer.Option("--stamped", help="You have checked a time-stamp of the bundle with OpenSSL.")
    ] = False,
) -> None:
    """Check a bundle: the same as the verify.py that anybody can run without Stillwatch.

    Exit codes: 0 what the bundle undertakes to prove holds; 1 something does not, which is named.
    """
    if unknown := set(require or ()) - set(verify.RUNGS):
        raise EvidenceError(f"--require {', '.join(sorted(unknown))}: there are: {', '.join(verify.RUNGS)}")
    files = [f"--{name}={path}" for name, path in (("policy", policy), ("seen", seen)) if path]
    more = [*(f"--require={rung}" for rung in require or ()), *(f"--source={vkey}" for vkey in source or ())]
    given = [*files, *more, *(["--stamped"] if stamped else []), "--", str(bundle)]
    raise typer.Exit(verify.main(given, typer.echo))


@evidence_app.command("replay")
def replay_command(
    bundle: BundleArgument,
    *,
    fingerprints: Annotated[
        Path | None, typer.Option(help="Folder of fingerprints, where the bundle has their digests only.")
    ] = None,
    policy: PolicyOption = None,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = THREADS,
    memory: Annotated[float, typer.Option(help="GiB the engine may hold before it spills to disk.")] = MEMORY_GIB,
) -> None:
    """Repeat the scan behind a bundle from the fingerprints in it, and compare what comes out, byte for byte.

    Exit codes: 0 all of it came out as the bundle says; 1 something did not, which is named; 2 it cannot be repeated.
    """
    trust = None if policy is None else _read(policy).decode()
    result = repeat_scan(bundle, fingerprints=fingerprints, policy=trust, threads=threads, memory_gib=memory)
    typer.echo(result.says())
    raise typer.Exit(0 if result.holds else 1)


@evidence_app.command("openings")
def openings_command(
    bundle: BundleArgument,
    *,
    token_file: TokenOption,
    disclose: Annotated[
        list[str], typer.Option(help="Further fields that the auditor may see; account and call_id always are.")
    ] = [],  # noqa: B006 - typer reads it, nobody changes it
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8092,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
) -> None:
    """Serve the audit endpoint of a bundle: it opens entries that a public random value draws, and no others."""
    made = read_made(bundle)
    recorded = _open(folder, made.campaign, key, None, made.size)
    if recorded.pseudonyms.commitment != made.key_commitment:
        raise EvidenceError(f"{key}: not the key under which {bundle} was made")
    openings = Openings(
        made.indices,
        made.calls_sha256,
        frozenset({"account", "call_id", *disclose}),
        recorded.reader,
        made.note,
        recorded.vault,
        recorded.pseudonyms,
    )
    typer.echo(f"openings of {made.campaign} on http://{host}:{port}/openings", err=True)
    uvicorn.run(
        OpeningsApp(openings, _token(token_file)),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        lifespan="off",
    )


@evidence_app.command("audit")
def audit_command(
    bundle: BundleArgument,
    *,
    host_url: Annotated[str, typer.Option("--host", help="The host's audit endpoint.", show_default=False)],
    beacon: Annotated[
        str, typer.Option(help="Public random value in hex, published after you had the bundle.", show_default=False)
    ],
    token_file: TokenOption,
    size: Annotated[int, typer.Option("--sample-size", help="Entries to draw: 59, 299, 459 or 6905.")] = USUAL_SIZE,
    policy: PolicyOption = None,
) -> None:
    """Audit a bundle from outside: draw a sample, have the host open it, and check every opening.

    Exit codes: 0 every drawn entry is what the bundle says; 1 one is not, or cannot be opened; 2 no audit was made.
    """
    trust = None if policy is None else _read(policy).decode()
    result = audit(bundle, host(host_url, _token(token_file)), beacon=beacon, size=size, policy=trust)
    _print(result)
    raise typer.Exit(0 if result.holds else 1)


def _print(result: Audit) -> None:
    for index, why in sorted(result.bad.items()):
        typer.echo(f"entry {index}: {why}")
    for index in result.erased:
        typer.echo(f"entry {index}: erased; it is in the log, and cannot be opened")
    typer.echo(result.says())
    if result.fields:
        typer.echo(f"Opened: {', '.join(sorted(result.fields))}. What was opened is what was recorded, true or not.")


def _open(folder: Path, campaign: str, key: Path, passphrase_file: Path | None, size: int | None = None) -> Recorded:
    passphrase = partial(read_passphrase, passphrase_file) if passphrase_file else None
    return open_recorded(folder, campaign, key_file=key, size=size, passphrase=passphrase)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise EvidenceError(f"{path}: cannot be read: {problem.strerror}") from problem


def _token(path: Path) -> str:
    token = _read(path).decode("utf-8", "replace").split("\n", 1)[0].strip()
    if len(token) < 16:
        raise EvidenceError(f"{path}: a token has at least 16 characters; make one with: openssl rand -hex 16")
    return token
