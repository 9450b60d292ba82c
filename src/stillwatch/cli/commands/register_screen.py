"""``stillwatch register``: screening: screen, rescreen, whitelist."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.evidence import open_book
from stillwatch.cli.register import WHERE, JsonOption, register_app
from stillwatch.errors import RegistryError
from stillwatch.gateway.admin_log import operating_user
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.customers import Customer, read_customers
from stillwatch.registry.screening.listing import Listing, read_aliases, read_listing
from stillwatch.registry.screening.memory import Cleared, Memory, compare, without_cleared
from stillwatch.registry.screening.screen import Screened, Screener, screening_event
from stillwatch.registry.times import iso_date
from stillwatch.settings import EVIDENCE, KEY_FILE

ListOption = Annotated[Path, typer.Option("--list", help="A register's folder, or a copy of a register's site.")]
PolicyOption = Annotated[Path | None, typer.Option(help="With a site: the log keys that you trust (tlog-policy).")]
AliasesOption = Annotated[Path | None, typer.Option(help="Table of brands: NAME | OTHER NAME on each line.")]
MemoryOption = Annotated[Path, typer.Option("--memory", help="Where results and the whitelist are kept.")]
EvidenceOption = Annotated[
    Path, typer.Option("--evidence", help="Evidence log that proves which state of the list was used.")
]
KeyOption = Annotated[Path, typer.Option("--key", help="Key of this deployment; made at first use.")]
NoRecordOption = Annotated[bool, typer.Option("--no-record", help="Keep and prove nothing: a trial.")]
MEMORY = Path(".stillwatch/screening")
NEVER = "A hit is a reason to look, never one to refuse: compare a second thing, read the entry and its answer."


@register_app.command("screen")
def screen_command(
    target: Annotated[str, typer.Argument(help="A name, or a file of customers (.csv, .jsonl).", show_default=False)],
    *,
    kind: Annotated[Kind, typer.Option(help="What the name is of.")] = Kind.LEGAL_ENTITY,
    country: Annotated[str, typer.Option(help="Two letters.")] = "",
    city: Annotated[str, typer.Option(help="Where it sits.")] = "",
    lei: Annotated[str, typer.Option(help="Legal entity identifier.")] = "",
    uscc: Annotated[str, typer.Option(help="Unified social credit code.")] = "",
    domain: Annotated[list[str] | None, typer.Option(help="Its domain; repeatable.")] = None,
    listed: ListOption = WHERE,
    policy: PolicyOption = None,
    aliases: AliasesOption = None,
    memory: MemoryOption = MEMORY,
    evidence: EvidenceOption = EVIDENCE,
    key: KeyOption = KEY_FILE,
    no_record: NoRecordOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look whether a customer, or each of a file, may be a party of the register. It ranks and gives reasons."""
    if Path(target).suffix in {".csv", ".jsonl"}:
        customers = read_customers(Path(target))
    else:
        domains = tuple(domain or ())
        customers = [Customer(target, target, (), kind, country, city, lei, uscc, domains=domains)]
    listing = _listing(listed, policy, aliases)
    found = _screen(customers, listing, Memory(memory))
    if not no_record:
        index = _record(listing, found, evidence, key)
        Memory(memory).remember(zip(customers, found, strict=True), list_size=listing.state.size)
    _print(found, listing, as_json=as_json, recorded=None if no_record else index)


@register_app.command("rescreen")
def rescreen_command(
    *,
    listed: ListOption = WHERE,
    policy: PolicyOption = None,
    aliases: AliasesOption = None,
    memory: MemoryOption = MEMORY,
    evidence: EvidenceOption = EVIDENCE,
    key: KeyOption = KEY_FILE,
    as_json: JsonOption = False,
) -> None:
    """Screen everybody again who was screened before, if the list changed, and say only what changed; for a timer."""
    known, listing = Memory(memory), _listing(listed, policy, aliases)
    size = listing.state.size
    if size < known.size():
        raise RegistryError(f"{listed}: the list has {size} entries in its log, fewer than at the last screening")
    before = known.customers()
    found = _screen([customer for customer, _ in before], listing, known)
    _record(listing, found, evidence, key)
    known.remember(zip((c for c, _ in before), found, strict=True), list_size=size)
    changes = [compare(old, new) for (_, old), new in zip(before, found, strict=True)]
    told = [c for c in changes if c.appeared or c.gone or c.changed]
    if as_json:
        rows = [{"customer": c.customer, "appeared": c.appeared, "gone": c.gone, "changed": c.changed} for c in told]
        typer.echo(json.dumps({"list_size": size, "customers": len(found), "changes": rows}, ensure_ascii=False))
        return
    for change in told:
        for word, entries in (("new", change.appeared), ("gone", change.gone), ("changed", change.changed)):
            for entry in entries:
                typer.echo(f"{printable(change.customer)}: {word}: {entry}")
    typer.echo(f"{len(found):,} customer(s) against {size} entries of {listing.state.origin}: {len(told)} changed.")


@register_app.command("whitelist")
def whitelist_command(
    customer: Annotated[str, typer.Argument(help="Your reference, as it was screened.", show_default=False)],
    entry: Annotated[str, typer.Argument(help="The entry that it is not, R-….", show_default=False)],
    *,
    reason: Annotated[str, typer.Option(help="Why it is somebody else; kept.", show_default=False)],
    days: Annotated[int, typer.Option(help="How long that holds, unless the entry changes before.", min=1)] = 180,
    by: Annotated[str, typer.Option(help="Who says so; kept.", show_default="user of the system")] = "",
    memory: MemoryOption = MEMORY,
) -> None:
    """Note that a customer is not the party of an entry: the hit is left out until then, or until the entry changes."""
    known, now = Memory(memory), int(time.time())
    hits = [hit for c, result in known.customers() if c.customer == customer for hit in result["hits"]]
    mine = [hit for hit in hits if hit["entry"] == entry]
    if not mine:
        raise RegistryError(f"{customer}: no hit of {entry} at the last screening; there is nothing to leave out")
    until = now + days * 86_400
    known.clear(Cleared(customer, entry, mine[0]["steps"], by.strip() or operating_user(), reason, now, until))
    typer.echo(f"{printable(customer)} is not {entry}: until {iso_date(until)}, or until the entry changes.")


def _listing(listed: Path, policy: Path | None, aliases: Path | None) -> Listing:
    table = read_aliases(aliases) if aliases else None
    return read_listing(listed, now=int(time.time()), policy=policy, aliases=table)


def _screen(customers: Sequence[Customer], listing: Listing, memory: Memory) -> list[Screened]:
    screener, cleared, now = Screener(listing), memory.whitelist(), int(time.time())
    return [without_cleared(one, cleared, now=now) for one in screener.screen_all(customers)]


def _record(listing: Listing, found: Sequence[Screened], evidence: Path, key: Path) -> int:
    with open_book(evidence, key=key, create=True) as book:
        index = book.append_events([screening_event(listing, found)])
    if index is None:
        raise RegistryError(f"{evidence}: the screening was not recorded")
    return index


def _print(found: Sequence[Screened], listing: Listing, *, as_json: bool, recorded: int | None) -> None:
    state = listing.state
    if as_json:
        said = {"origin": state.origin, "size": state.size, "root": state.root.hex(), "checkpoint": listing.checkpoint}
        rows = [one.to_json() for one in found]
        typer.echo(json.dumps({"list": said, "recorded": recorded, "screened": rows}, ensure_ascii=False))
        return
    for one in found:
        typer.echo(f"{printable(one.customer)}: {one.outcome}")
        for hit in one.hits:
            standing = f"[{hit.status}; answer: {hit.answer}]"
            typer.echo(f"  {hit.score:.2f}  {hit.level}  {hit.entry}  {printable(hit.name)}  {standing}")
            for reason in hit.reasons:
                typer.echo(f"        {reason.points:+.2f}  {reason.feature}: {printable(reason.words)}")
    proof = "not recorded" if recorded is None else f"entry {recorded} of the evidence log"
    typer.echo(f"{len(listing.parties)} standing entries of {state.origin} at {state.size} log entries; {proof}.")
    if any(one.hits for one in found):
        typer.echo(NEVER)
