"""``stillwatch-lab audit``: what a student took over from its teacher, and what it lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stillwatch_lab.audit.audit import AuditSettings, find_audit
from stillwatch_lab.audit.report import render_audit
from stillwatch_lab.audit.sets import read_audit_set
from stillwatch_lab.cli.main import app
from stillwatch_lab.respondents.opening import open_respondent


@app.command()
def audit(
    teacher: Annotated[str, typer.Argument(help="Model folder, or URL of an OpenAI-compatible API up to /v1.")],
    student: Annotated[str, typer.Argument(help="The same.")],
    *,
    questions: Annotated[
        Path, typer.Option(help="Folder with what is to be asked: questions.jsonl, bbq.jsonl, … (docs/lab.md).")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for audit.json and audit.html.")],
    independent: Annotated[list[str] | None, typer.Option(help="Model known to be independent; repeat.")] = None,
    teacher_model: Annotated[str | None, typer.Option(help="Name of the served teacher (URL only).")] = None,
    student_model: Annotated[str | None, typer.Option(help="Name of the served student (URL only).")] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="Environment variable with the APIs' key (URL only).")
    ] = None,
    draws: Annotated[int, typer.Option(help="Sampled answers to each prompt of a pair.")] = 200,
    repeats: Annotated[int, typer.Option(help="Sampled answers to each question, for reliability; 1: none.")] = 5,
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 512,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="Where folders are run: cpu, cuda, cuda:1 …")] = "cpu",
) -> None:
    """Compare a student with its teacher: answers, errors, bias, refusals, and word by word where both are folders."""
    settings = AuditSettings(draws=draws, repeats=repeats, max_tokens=max_tokens, seed=seed)
    asked = read_audit_set(questions)
    others = [open_respondent(what, device=device) for what in independent or []]
    one = open_respondent(teacher, model=teacher_model, key_variable=key_variable, device=device)
    other = open_respondent(student, model=student_model, key_variable=key_variable, device=device)
    found = find_audit(one, other, asked, settings, others=others)
    out.mkdir(parents=True, exist_ok=True)
    (out / "audit.json").write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    (out / "audit.html").write_text(render_audit(found), encoding="utf-8")
    typer.echo(f"{out / 'audit.html'}")
