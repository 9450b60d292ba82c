"""``stillwatch-lab provenance``: whether a model was made from mine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stillwatch_lab.cli.main import app
from stillwatch_lab.provenance.dossier import read_dossier
from stillwatch_lab.provenance.investigate import investigate, plan, prepare, register_plan
from stillwatch_lab.provenance.opening import log_registration, open_words
from stillwatch_lab.provenance.report import render_result, summary
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.respondents.opening import open_folder, open_respondent


@app.command()
def provenance(
    *,
    mine: Annotated[Path, typer.Option(help="Folder of your own model, which answers without the watermark.")],
    suspect: Annotated[str, typer.Option(help="Model folder, or URL of an OpenAI-compatible API up to /v1.")],
    dossier: Annotated[Path, typer.Option(help="Folder with what you hold on your model (docs/lab.md).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for registration, answers and result.")],
    controls: Annotated[
        list[Path] | None, typer.Option(help="Folder of a model known to be independent; repeat.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the suspect's served model (URL only).")] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="Environment variable with the API's key (URL only).")
    ] = None,
    device: Annotated[str, typer.Option(help="Where folders are run: cpu, cuda, cuda:1 …")] = "cpu",
    alpha: Annotated[float, typer.Option(help="Family-wise error rate.")] = 0.01,
    evidence: Annotated[Path | None, typer.Option(help="Evidence log in which the registration is entered.")] = None,
    evidence_key: Annotated[Path | None, typer.Option(help="The evidence log's key file.")] = None,
    register_only: Annotated[bool, typer.Option("--register-only", help="Stop before the suspect is asked.")] = False,
) -> None:
    """Test whether a suspect was made from your model: registered first, then asked, then judged.

    Writes registration.json before the suspect is asked anything, then result.json and result.html. The result can be
    attached to a bundle: stillwatch evidence bundle … --lab-test result.json
    """
    settings = Settings(alpha=alpha)
    own = open_folder(mine, device=device)
    others = [open_folder(folder, device=device) for folder in controls or []]
    asked = open_respondent(suspect, model=model, key_variable=key_variable, device=device)
    held = read_dossier(dossier)
    host = prepare(own, others, held, open_words(own, held), settings, folder=out)
    registration = register_plan(host, plan(host, settings, mine=own, suspect=suspect, controls=others), out)
    typer.echo(f"registered: {registration.digest}")
    if evidence:
        log_registration(registration, folder=evidence, key=evidence_key)
    if register_only:
        return
    result = investigate(host, asked, registration, settings, folder=out)
    (out / "result.json").write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")
    (out / "result.html").write_text(render_result(result), encoding="utf-8")
    typer.echo(summary(result))
    typer.echo(f"{out / 'result.html'}")
