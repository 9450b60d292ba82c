"""``stillwatch-lab benchmark``: how good a model is, on public tasks."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Annotated

import typer

from stillwatch_lab.benchmarks.asked import Asked
from stillwatch_lab.cli.main import app
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.opening import open_respondent

INSTALL = (
    "benchmarks go through lm-evaluation-harness, which is not installed: pip install 'stillwatch-lab[benchmarks]'"
)


@app.command()
def benchmark(
    it: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder, or URL of an API up to /v1.")],
    *,
    task: Annotated[
        list[str],
        typer.Option(help="A task of lm-evaluation-harness, or livecodebench, imoanswerbench, swebench=FILE; repeat."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for scores.json.")],
    tasks: Annotated[Path | None, typer.Option(help="Folder with your own tasks, as the harness writes them.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of the served model (URL only).")] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="Environment variable with the API's key (URL only).")
    ] = None,
    device: Annotated[str, typer.Option(help="Where folders are run: cpu, cuda, cuda:1 …")] = "cpu",
    limit: Annotated[int | None, typer.Option(help="Rows of each task; all without it.")] = None,
    unsafe_run_code: Annotated[
        bool, typer.Option("--unsafe-run-code", help="Run programs that the model wrote, with your rights.")
    ] = False,
) -> None:
    """Score a model on benchmarks; nothing is downloaded unless a task of the harness does it."""
    if importlib.util.find_spec("lm_eval") is None:
        raise LabSettingsError(INSTALL)
    # The harness is optional and takes seconds to load: nobody else's command waits for it.
    scores = importlib.import_module("stillwatch_lab.benchmarks.scores")
    named = [one for one in task if "=" not in one]
    files = {name: Path(path) for name, _, path in (one.partition("=") for one in task if "=" in one)}
    asked = Asked(tuple(named), tasks, files, limit, unsafe_run_code)
    found = scores.find_scores(open_respondent(it, model=model, key_variable=key_variable, device=device), asked)
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.json").write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    if found.patches:
        lines = "".join(json.dumps(row) + "\n" for row in found.patches)
        (out / "predictions.jsonl").write_text(lines, encoding="utf-8")
    for name, metrics in found.tasks.items():
        for metric, (value, error, rows) in metrics.items():
            typer.echo(f"{name} {metric}: {value:.3f} ± {error:.3f} ({rows} rows)")
