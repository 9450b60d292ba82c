"""Scores of one model on benchmarks: tasks that lm-evaluation-harness knows, the user's own, and the shapes here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from stillwatch_lab.benchmarks.asked import Asked
from stillwatch_lab.benchmarks.data import read_rows
from stillwatch_lab.benchmarks.harness_model import HarnessModel
from stillwatch_lab.benchmarks.patches import find_patch
from stillwatch_lab.benchmarks.shapes import SHAPES, Shape
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.reply import Respondent


@dataclass(frozen=True)
class Scores:
    """For each task its metrics, each with its value, standard error (NaN where there is none) and number of rows.

    ``patches``: predictions in the form that SWE-bench's own harness reads.
    """

    model: str
    tasks: dict[str, dict[str, tuple[float, float, int]]]
    patches: list[dict[str, str]]

    def as_json(self) -> dict[str, Any]:
        """Give what ``scores.json`` holds."""
        return {
            "model": self.model,
            "tasks": {
                task: {
                    name: {"value": value, "standard_error": None if math.isnan(error) else error, "rows": rows}
                    for name, (value, error, rows) in metrics.items()
                }
                for task, metrics in self.tasks.items()
            },
        }


def find_scores(it: Respondent, asked: Asked) -> Scores:
    """Put every task to the model. Raises LabSettingsError for what is not there or not allowed."""
    _check(asked)
    manager = TaskManager(
        include_path=str(asked.folder) if asked.folder else None,
        # The harness reads thousands of files to know its own tasks.
        include_defaults=any(not _is_in(asked.folder, name) for name in asked.names),
    )
    tasks: list[Any] = [*asked.names, *(_task(name, path) for name, path in asked.files.items())]
    try:
        found = simple_evaluate(
            HarnessModel(it), tasks=tasks, limit=asked.limit, task_manager=manager, bootstrap_iters=0
        )
    except KeyError as problem:
        raise LabSettingsError(f"no such task: {problem}") from None
    if found is None:
        raise LabSettingsError("no task gave a result")
    return Scores(it.name, _metrics(found), _patches(it.name, found))


def _check(asked: Asked) -> None:
    if not asked.names and not asked.files:
        raise LabSettingsError("no task: name one, or give the file of one as NAME=FILE")
    unknown = sorted(set(asked.files) - set(SHAPES))
    if unknown:
        raise LabSettingsError(f"no such shape: {', '.join(unknown)}; known are {', '.join(SHAPES)}")
    running = sorted(name for name in asked.files if SHAPES[name].runs_code)
    if running and not asked.run_code:
        raise LabSettingsError(
            f"{', '.join(running)}: scoring runs programs that the model wrote, with your rights. Say "
            "--unsafe-run-code, inside a container that has no network"
        )


def _is_in(folder: Path | None, name: str) -> bool:
    return folder is not None and any(folder.rglob(f"{name}.yaml"))


def _task(name: str, path: Path) -> dict[str, Any]:
    shape = SHAPES[name]
    rows = read_rows(path, shape)
    return {
        "task": name,
        "custom_dataset": lambda **_: {"test": Dataset.from_list([{"row": json.dumps(row)} for row in rows])},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": lambda doc: shape.ask(json.loads(doc["row"])),
        "doc_to_target": "",
        "process_results": lambda doc, said: shape.score(json.loads(doc["row"]), said[0]),
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in shape.metrics
        ],
        "generation_kwargs": {"until": [], "do_sample": False, "max_gen_toks": shape.max_tokens},
    }


def _metrics(found: Any) -> dict[str, dict[str, tuple[float, float, int]]]:
    rows = {task: int(counts["effective"]) for task, counts in found["n-samples"].items()}
    return {
        task: {
            name.removesuffix(",none"): (float(value), _error(results, name), rows[task])
            for name, value in results.items()
            if "," in name and "_stderr" not in name and isinstance(value, int | float)
        }
        for task, results in found["results"].items()
        if task in rows
    }


def _error(results: Mapping[str, Any], name: str) -> float:
    error = results.get(name.replace(",", "_stderr,"))
    return float(error) if isinstance(error, int | float) else math.nan


def _patches(model: str, found: Any) -> list[dict[str, str]]:
    shape: Shape = SHAPES["swebench"]
    return [
        {
            "instance_id": str(json.loads(sample["doc"]["row"])[shape.number]),
            "model_name_or_path": model,
            "model_patch": find_patch(sample["resps"][0][0]),
        }
        for sample in found["samples"].get("swebench", [])
    ]
