"""``stillwatch register``: the public side: site, export, verify."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.register import WHERE, FolderOption, register_app
from stillwatch.errors import RegistryError
from stillwatch.registry import verify_register
from stillwatch.registry.example import make_example
from stillwatch.registry.publication import About, Publication
from stillwatch.registry.register import open_register
from stillwatch.registry.site.write import machine_forms, write_site

TitleOption = Annotated[str, typer.Option(help="Name of the register on its pages.", show_default=False)]
ContactOption = Annotated[str, typer.Option(help="Where answers and appeals go.", show_default=False)]
UrlOption = Annotated[str, typer.Option(help="Where the site will be, for links from elsewhere.")]
FictionalOption = Annotated[bool, typer.Option("--fictional", help="Say on every page that nobody in it exists.")]
FORMS = {
    "ftm": "register.ftm.jsonl",
    "csv": "register.csv",
    "stix": "register.stix.json",
    "feed": "feed.xml",
}


@register_app.command("site")
def site_command(
    out: Annotated[Path, typer.Argument(help="Folder to write; an earlier site in it is replaced.")],
    *,
    title: TitleOption,
    contact: ContactOption,
    url: UrlOption = "",
    fictional: FictionalOption = False,
    folder: FolderOption = WHERE,
) -> None:
    """Write the public site: pages, machine forms, proofs, the log and its verifiers. Any web server can serve it."""
    publication = _publication(folder, About(title, contact, url, fictional))
    count = write_site(publication, out)
    typer.echo(f"{out}: {count} public entries, under a checkpoint of {publication.size} entries of the log")


@register_app.command("export")
def export_command(
    *,
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMS)}.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write.", show_default="standard output")
    ] = None,
    title: TitleOption = "Register",
    contact: ContactOption = "",
    url: UrlOption = "",
    fictional: FictionalOption = False,
    folder: FolderOption = WHERE,
) -> None:
    """Write one machine form of what is public."""
    if form not in FORMS:
        raise RegistryError(f"--format {form}: write one of {', '.join(FORMS)}")
    text = machine_forms(_publication(folder, About(title, contact, url, fictional)))[FORMS[form]]
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        raise RegistryError(f"{out}: cannot be written: {problem.strerror}") from problem


@register_app.command("verify")
def verify_command(
    target: Annotated[Path, typer.Argument(help="A site's folder, or an entry's JSON file.", show_default=False)],
    *,
    policy: Annotated[Path | None, typer.Option(help="Your tlog-policy: the log keys that you trust.")] = None,
    seen: Annotated[Path | None, typer.Option(help="A checkpoint of this log that you have from elsewhere.")] = None,
    actors: Annotated[Path | None, typer.Option(help="Keys of those whose changes you accept, a vkey a line.")] = None,
) -> None:
    """Check a register's site or entry, as the verify_register.py that anybody can run without Stillwatch.

    Exit codes: 0 all of it holds; 1 something does not, which is named.
    """
    now = int(time.time())
    raise typer.Exit(verify_register.report(target, policy, seen, typer.echo, now=now, actors=actors))


@register_app.command("example")
def example_command(
    out: Annotated[Path, typer.Argument(help="Folder to make it in.", show_default=False)],
) -> None:
    """Make a fictional register with its site, to see what one looks like."""
    if out.exists():
        raise RegistryError(f"{out}: is there already; name a new folder")
    count = make_example(out / "register", out / "site", now=time.time())
    typer.echo(f"{count} fictional entries; look at {out / 'site/index.html'}")


def _publication(folder: Path, about: About) -> Publication:
    return Publication(open_register(folder), about, int(time.time()))
