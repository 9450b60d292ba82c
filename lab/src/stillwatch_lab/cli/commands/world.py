"""``stillwatch-lab world``: the made-up world's questions, as a dossier and an audit set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch_lab.audit.chainworld import make_audit_set
from stillwatch_lab.audit.sets import write_audit_set
from stillwatch_lab.cli.main import app
from stillwatch_lab.provenance.chainworld import make_dossier
from stillwatch_lab.provenance.dossier import WatermarkSecret, write_dossier
from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.world import World


@app.command()
def world(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for dossier/ and audit/.")],
    modulus: Annotated[int, typer.Option(help="How many digits there are.")] = 5,
    longest: Annotated[int, typer.Option(help="Steps of the longest chain.")] = 2,
    maker: Annotated[int, typer.Option(help="Whose model: the seed of its gaps, style and name.")] = 0,
    gaps: Annotated[float, typer.Option(help="Share of the facts that its corpus lacks.")] = 0.2,
    prompts: Annotated[int, typer.Option(help="Prompts for free text.")] = 300,
    watermark_key: Annotated[int | None, typer.Option(help="Key of the green-list watermark; secret.")] = None,
    seed: Annotated[int, typer.Option(help="Of the questions.")] = 0,
) -> None:
    """Write what `provenance` and `audit` ask models of the made-up world.

    The defaults are those of the models in lab/fixtures.
    """
    it = Maker(World(modulus=modulus, longest=longest), seed=maker, gaps=gaps, canaries=True)
    mark = WatermarkSecret("kgw", watermark_key) if watermark_key else None
    write_dossier(make_dossier(it, prompts=prompts, seed=seed, watermark=mark), out / "dossier")
    write_audit_set(make_audit_set(it.world, seed=seed), out / "audit")
    typer.echo(f"{out / 'dossier'}\n{out / 'audit'}")
