"""``stillwatch-lab distill``: make a student from a permitted teacher."""

from __future__ import annotations

import math
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from stillwatch_lab.cli.main import app
from stillwatch_lab.distill.loop import Status
from stillwatch_lab.distill.parties import Parties
from stillwatch_lab.distill.run import Show
from stillwatch_lab.distill.run import distill as run_distillation
from stillwatch_lab.distill.settings import DistillSettings, Method, settings_names
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import bundled_configurations


@app.command(epilog="Bundled student configurations: " + ", ".join(bundled_configurations()))
def distill(
    teacher: Annotated[str, typer.Argument(help="Model folder, or URL of an OpenAI-compatible API up to /v1.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the student; the same command goes on in it.")],
    student: Annotated[str, typer.Option(help="Model folder, bundled configuration or configuration file.")],
    prompts: Annotated[Path, typer.Option(help="Lines of text (.txt), or of JSON with prompt or messages (.jsonl).")],
    licence: Annotated[
        str | None, typer.Option(help="The teacher's licence, where its folder does not say it.")
    ] = None,
    own: Annotated[str | None, typer.Option(help="The teacher is your own: say whose it is and who answers.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of the served model (URL only).")] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="Environment variable with the API's key (URL only).")
    ] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="Folder of the teacher's tokenizer (URL only).")] = None,
    method: Annotated[Method | None, typer.Option(help="Text, distributions over it, or over the student's.")] = None,
    beta: Annotated[float | None, typer.Option(help="0 forward KL, 1 reverse KL, between: Jensen-Shannon.")] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Know the k likeliest tokens only, and a bucket for the rest.")
    ] = None,
    reasoning: Annotated[bool | None, typer.Option(help="Train on the reasoning too.")] = None,
    queries: Annotated[int | None, typer.Option(help="Answers asked for, at most.")] = None,
    draws: Annotated[int | None, typer.Option(help="Answers for each prompt.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer.")] = None,
    steps: Annotated[int | None, typer.Option(help="Longest training.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak.")] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after so many evaluations without gain; 0 never.")] = None,
    lora_rank: Annotated[int | None, typer.Option(help="Train adapters of this rank; 0 everything.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything that is drawn.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16.")] = None,
    settings: Annotated[Path | None, typer.Option(help="TOML with any settings; options win.")] = None,
    max_minutes: Annotated[
        float, typer.Option(help="Work in pieces: stop after this, with everything kept.")
    ] = math.inf,
) -> None:
    """Train a student on a teacher that permits it: your own, or one under an open licence.

    Goes on where it was interrupted. Writes the student with a model card, and its samples, losses and settings
    into run/ beside it.
    """
    given = {name: value for name, value in locals().items() if name in settings_names() and value is not None}
    chosen = _settings(settings, given)
    parties = Parties(
        teacher=teacher,
        student=student,
        model=model,
        key_variable=key_variable,
        tokenizer=tokenizer,
        licence=licence,
        own=own,
    )
    with _shown() as show:
        card = run_distillation(parties, prompts, out, chosen, show=show, max_seconds=60 * max_minutes)
    if card is None:
        typer.echo(f"not finished after {max_minutes:g} minutes; the same command goes on")
    else:
        typer.echo(f"student: {out}\ncard: {card}")


def _settings(path: Path | None, given: dict[str, Any]) -> DistillSettings:
    read: dict[str, Any] = {}
    if path is not None:
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as problem:
            raise LabSettingsError(f"{path}: {problem}") from problem
        unknown = sorted(read.keys() - set(settings_names()))
        if unknown:
            raise LabSettingsError(
                f"{path}: no such setting: {', '.join(unknown)}; there are {', '.join(settings_names())}"
            )
    try:
        return DistillSettings(**{**read, **given})
    except (TypeError, ValueError) as problem:
        raise LabSettingsError(f"{path or 'options'}: {problem}") from problem


LINE_EVERY_SECONDS = 10
"""Into a file or a pipe, where no bar can be redrawn."""


@contextmanager
def _shown() -> Iterator[Show]:
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[says]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        asking = bar.add_task("asking", total=None, says="", visible=False)
        training = bar.add_task("training", total=None, says="", visible=False)

        def show_harvest(done: int, total: int, tokens: int) -> None:
            says = f"{done:,}/{total:,} answers, {tokens:,} tokens"
            bar.update(asking, completed=done, total=total, says=says, visible=True)

        def show_training(status: Status) -> None:
            bar.update(
                training, completed=status.progress.step, total=status.steps, says=describe(status), visible=True
            )

        yield Show(show_harvest, show_training)


def _lines() -> Show:
    said_at = [time.monotonic()]

    def say(line: str) -> None:
        if time.monotonic() - said_at[0] >= LINE_EVERY_SECONDS:
            said_at[0] = time.monotonic()
            typer.echo(line, err=True)

    return Show(
        lambda done, total, tokens: say(f"asking: {done:,}/{total:,} answers, {tokens:,} tokens"),
        lambda status: say(f"training: {describe(status)}"),
    )


def describe(status: Status) -> str:
    """Say in one line where a training stands."""
    progress = status.progress
    held_out = f", held-out {progress.held_out[-1][1]:.3f}" if progress.held_out else ""
    left = f"{int(status.seconds_left // 60)}:{int(status.seconds_left % 60):02}"
    return (
        f"{progress.step:,}/{status.steps:,} steps, loss {progress.losses[-1]:.3f}{held_out}, "
        f"{status.tokens_per_second:,.0f} tokens/s, {left} left"
    )
