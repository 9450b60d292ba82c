"""What rows of well-known benchmarks look like, how a model is asked, and what is counted of its answer.

The prompts are ours and short: numbers compare models that were asked so, not with a leaderboard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch_lab.benchmarks.patches import changed_files, find_patch, is_patch
from stillwatch_lab.benchmarks.programs import Case, find_program, run_case
from stillwatch_lab.benchmarks.short_answers import find_answer, is_same_answer

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """A benchmark's kind of row: the columns it needs, its number's column, the question, and the scores of an answer.

    ``runs_code``: scoring executes what the model wrote. ``max_tokens`` leave room for reasoning in the answer.
    """

    columns: tuple[str, ...]
    number: str
    ask: Callable[[Row], str]
    score: Callable[[Row, str], dict[str, float]]
    metrics: tuple[str, ...]
    runs_code: bool = False
    max_tokens: int = 8_192


def _ask_mathematics(row: Row) -> str:
    return f"{row['Problem']}\n\nGive the final answer alone in \\boxed{{}} at the end."


def _score_mathematics(row: Row, said: str) -> dict[str, float]:
    return {"exact": float(is_same_answer(find_answer(said), str(row["Short Answer"])))}


def _ask_program(row: Row) -> str:
    start = str(row.get("starter_code") or "")
    how = f"Complete this and give it whole:\n\n{start}" if start else "Read standard input and write standard output."
    return f"{row['question_content']}\n\n{how}\n\nAnswer with one Python program in a fenced block."


def _score_program(row: Row, said: str) -> dict[str, float]:
    program = find_program(said)
    return {"pass@1": float(all(run_case(program, case) for case in read_cases(row)))}


def read_cases(row: Row) -> list[Case]:
    """Read the public test cases; the private ones are packed by pickle, which is never opened here."""
    function = json.loads(row.get("metadata") or "{}").get("func_name")
    return [
        Case(case["input"], case["output"], function if case.get("testtype") == "functional" else None)
        for case in json.loads(row["public_test_cases"])
    ]


def _ask_patch(row: Row) -> str:
    code = f"\n\n{row['text']}" if row.get("text") else ""
    return (
        f"Repository {row['repo']} at {row['base_commit']} has this issue:\n\n{row['problem_statement']}{code}\n\n"
        "Answer with one unified diff in a fenced block that resolves it."
    )


def _score_patch(row: Row, said: str) -> dict[str, float]:
    patch = find_patch(said)
    wanted = changed_files(str(row["patch"]))
    return {
        "well formed": float(is_patch(patch)),
        "files": len(wanted & changed_files(patch)) / max(1, len(wanted)),
    }


SHAPES = {
    "imoanswerbench": Shape(
        columns=("Problem ID", "Problem", "Short Answer"),
        number="Problem ID",
        ask=_ask_mathematics,
        score=_score_mathematics,
        metrics=("exact",),
        max_tokens=32_768,
    ),
    "livecodebench": Shape(
        columns=("question_id", "question_content", "public_test_cases"),
        number="question_id",
        ask=_ask_program,
        score=_score_program,
        metrics=("pass@1",),
        runs_code=True,
    ),
    "swebench": Shape(
        columns=("instance_id", "repo", "base_commit", "problem_statement", "patch"),
        number="instance_id",
        ask=_ask_patch,
        score=_score_patch,
        metrics=("well formed", "files"),
    ),
}
