"""``stillwatch-lab plan``: what a distillation costs, on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from stillwatch_lab.cli.main import app
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.plan.assumptions import BUNDLED, Assumptions, Price, read_assumptions
from stillwatch_lab.plan.costs import Harvest
from stillwatch_lab.plan.limits import AccountLimits
from stillwatch_lab.plan.plan import METHODS, Plan, PlanRequest, make_examples, make_plan, say_assumptions


def _write_assumptions(path: Path | None) -> None:
    if path is not None:
        if path.exists():
            raise LabSettingsError(f"{path} exists: choose another name")
        path.write_text(BUNDLED.read_text(encoding="utf-8"), encoding="utf-8")
        typer.echo(f"edit {path}, then pass it with --assumptions")
        raise typer.Exit


@app.command()
def plan(
    *,
    teacher: Annotated[str, typer.Option(help="Model with a list price, or any name with prices given.")],
    queries: Annotated[int, typer.Option(help="Answers to harvest.")] = 100_000,
    prompt_tokens: Annotated[float | None, typer.Option(help="Mean of a prompt.")] = None,
    answer_tokens: Annotated[float | None, typer.Option(help="Mean of an answer, reasoning included.")] = None,
    reasoning: Annotated[bool, typer.Option(help="Answers come with written-out reasoning.")] = True,
    cached_share: Annotated[float, typer.Option(help="Of the prompts' tokens, billed as cached.")] = 0.0,
    host: Annotated[str | None, typer.Option(help="Whose list price; the first one's if not given.")] = None,
    input_price: Annotated[float | None, typer.Option(help="Dollars per million tokens, instead of the list.")] = None,
    output_price: Annotated[float | None, typer.Option(help="Dollars per million tokens, instead of the list.")] = None,
    student: Annotated[str, typer.Option(help="Model, or number of parameters (7e9).")] = "qwen2.5-7b",
    method: Annotated[str, typer.Option(help=" | ".join(METHODS))] = "sequence",
    epochs: Annotated[float, typer.Option(help="Passes over the answers.")] = 3.0,
    gpu: Annotated[str, typer.Option(help="What the student is trained on.")] = "h100",
    calls_a_day: Annotated[float | None, typer.Option(help="Your limit for one account.")] = None,
    tokens_a_day: Annotated[float | None, typer.Option(help="Your limit for one account.")] = None,
    accounts: Annotated[int, typer.Option(help="Accounts that harvest at once.")] = 1,
    days: Annotated[float, typer.Option(help="In which the harvest must be done.")] = 30.0,
    account_usd: Annotated[float, typer.Option(help="What one more account costs.")] = 0.0,
    days_until_suspended: Annotated[float | None, typer.Option(help="How long an account lasts.")] = None,
    assumptions: Annotated[Path | None, typer.Option(help="Your copy of prices, sizes and rates.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    write: Annotated[  # noqa: ARG001  (the callback does the work)
        Path | None,
        typer.Option("--write-assumptions", is_eager=True, callback=_write_assumptions, help="Write a copy to edit."),
    ] = None,
) -> None:
    """Reckon what it costs to distil a model of a given size through its API, and what your limits make of it."""
    assumed = read_assumptions(assumptions)
    usual = assumed.tokens.reasoning_answer if reasoning else assumed.tokens.plain_answer
    request = PlanRequest(
        price=_price(assumed, teacher, host, input_price, output_price),
        teacher=assumed.models.get(teacher),
        student=assumed.model(student),
        gpu=assumed.gpu(gpu),
        harvest=Harvest(queries, prompt_tokens or assumed.tokens.prompt, answer_tokens or usual, cached_share),
        method=method,
        epochs=epochs,
        limits=AccountLimits(calls_a_day, tokens_a_day, account_usd, days_until_suspended),
        accounts=accounts,
        days=days,
    )
    made, examples = make_plan(request, assumed), dict(make_examples(request, assumed))
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "plan": made.to_dict(),
                    "examples": {name: one.to_dict() for name, one in examples.items()},
                    "assumptions": say_assumptions(request, assumed),
                }
            )
        )
        return
    _print(f"Distilling {teacher} into {student}", request, made, examples, say_assumptions(request, assumed))


def _price(
    assumed: Assumptions, teacher: str, host: str | None, given_in: float | None, given_out: float | None
) -> Price:
    if given_in is None and given_out is None:
        return assumed.price(teacher, host)
    if given_in is None or given_out is None:
        raise LabSettingsError("give both --input-price and --output-price")
    return Price(teacher, host or "the command line", given_in, given_in, given_out, 0.0, "given")


def _print(title: str, request: PlanRequest, made: Plan, examples: dict[str, Plan], assumed: list[str]) -> None:
    console = Console(highlight=False)
    table = Table(title=title, show_header=False)
    for name, value in _lines(request, made):
        table.add_row(name, value)
    console.print(table)
    others = Table(Column("published harvest", overflow="fold"), title="The same at the size of published harvests")
    for name in ("queries", "API, list price", "GPU hours", "accounts at once"):
        others.add_column(name, justify="right")
    for name, one in examples.items():
        others.add_row(
            name, f"{one.queries:,}", _usd(one.api_usd), f"{one.training_gpu_hours:,.0f}", _accounts(request, one)
        )
    console.print(others)
    console.print("Assumed:", *(f"\n  * {line}" for line in assumed), sep="", soft_wrap=True)


def _lines(request: PlanRequest, made: Plan) -> list[tuple[str, str]]:
    hours = made.training_gpu_hours + made.generation_gpu_hours
    lines = [
        ("queries", f"{made.queries:,}"),
        ("tokens in / out", f"{made.input_tokens:,.3g} / {made.output_tokens:,.3g}"),
        ("API at list price", f"{_usd(made.api_usd)} ({_usd(made.api_usd_discounted)} with the host's discount)"),
        ("training", f"{made.training_tokens:,.3g} tokens, {made.training_flop:.3g} FLOP"),
        ("GPU hours", f"{hours:,.1f} ({_usd(made.gpu_usd)})"),
        ("memory", f"{made.memory_bytes / 1e9:,.0f} GB: at least {made.gpus_for_memory} GPUs"),
    ]
    if made.logprob_bytes:
        lines.append(("log-probabilities kept", f"{made.logprob_bytes / 1e9:,.1f} GB (top {request.top_k})"))
    if made.teacher_scoring_flop:
        lines.append(("the teacher scores", f"{made.teacher_scoring_flop:.3g} FLOP"))
    if made.days:
        lines += [
            (f"days with {request.accounts:,} accounts", f"{made.days:,.1f}"),
            (f"accounts for {request.days:g} days", f"{made.accounts_at_once:,} at once"),
            (
                f"accounts opened in all, {request.accounts:,} at once",
                f"{made.accounts_used_up:,} ({_usd(made.accounts_usd)})",
            ),
        ]
    return [*lines, ("in all", _usd(made.total_usd))]


def _accounts(request: PlanRequest, made: Plan) -> str:
    return f"{made.accounts_at_once:,} for {request.days:g} days" if made.days else "no limit given"


def _usd(amount: float) -> str:
    return f"${amount:,.0f}" if amount >= 100 else f"${amount:,.2f}"
