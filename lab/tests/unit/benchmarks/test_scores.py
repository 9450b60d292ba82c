"""A model folder and somebody who knows the answers, on tiny tasks of every kind; nothing from a hub."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures import TEACHER
from stillwatch_lab.benchmarks.asked import Asked
from stillwatch_lab.benchmarks.scores import find_scores
from stillwatch_lab.cli.main import app, load_commands
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.reply import Manner, Reply

load_commands("benchmark")

GENERATED = """
task: chains
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}, cache_dir: {cache}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{truth}}}}"
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
generation_kwargs: {{until: [], do_sample: false, max_gen_toks: 30}}
"""
CHOSEN = """
task: results
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}, cache_dir: {cache}}}
test_split: test
output_type: multiple_choice
doc_to_text: "<s> {{{{prompt}}}} <think> </think>"
doc_to_choice: ["sorry", "0", "1", "2", "3"]
doc_to_target: "{{{{truth|int + 1}}}}"
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""
ROWS = [
    {"prompt": f"start {x} add {y}", "truth": str((x + y) % 5)} for x in range(3) for y in (1, 2) if (x + y) % 5 < 4
]


@dataclass
class Oracle:
    """Says the same whatever it is asked, and keeps what it was asked."""

    says: str
    name: str = "oracle"

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        assert manner.temperature == 0
        return [Reply("thinking", self.says) for _ in prompts]

    def fingerprint(self) -> str:
        return self.name


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    folder = tmp_path / "tasks"
    folder.mkdir()
    for name, text in (("chains", GENERATED), ("results", CHOSEN)):
        (folder / f"{name}.yaml").write_text(text.format(rows=rows, cache=tmp_path / "cache"), encoding="utf-8")
    return folder


def test_a_folder_is_scored_on_ones_own_tasks(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = [
        "benchmark",
        str(TEACHER),
        "--task",
        "chains",
        "--task",
        "results",
        "--tasks",
        str(tasks),
        "-o",
        str(out),
    ]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads((out / "scores.json").read_text(encoding="utf-8"))["tasks"]
    # The teacher works chains out; without its working it does not get further than guessing (docs/lab.md).
    assert found["chains"]["exact_match"]["value"] >= 0.8
    assert found["chains"]["exact_match"]["rows"] == len(ROWS)
    assert 0 <= found["results"]["acc"]["value"] <= 1
    assert not (out / "predictions.jsonl").exists()


def test_a_server_cannot_be_scored_by_likelihood(tasks: Path) -> None:
    with pytest.raises(LabSettingsError, match="wants log-probabilities"):
        find_scores(Oracle("3"), Asked(("results",), tasks))


def test_mathematics_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerows([["Problem ID", "Problem", "Short Answer"], ["a", "2+1?", "3"], ["b", "2+2?", "4"]])
    found = find_scores(Oracle(r"\boxed{3}"), Asked(files={"imoanswerbench": path}))
    assert found.tasks["imoanswerbench"]["exact"][0] == 0.5


def test_programs_run_only_where_that_was_said(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    cases = json.dumps([{"input": "2 3", "output": "5", "testtype": "stdin"}])
    row = {
        "question_id": "a",
        "question_content": "Add.",
        "public_test_cases": cases,
        "starter_code": "",
        "metadata": "{}",
    }
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    oracle = Oracle("```python\nprint(sum(map(int, input().split())))\n```")
    with pytest.raises(LabSettingsError, match="--unsafe-run-code"):
        find_scores(oracle, Asked(files={"livecodebench": path}))
    found = find_scores(oracle, Asked(files={"livecodebench": path}, run_code=True))
    assert found.tasks["livecodebench"]["pass@1"][0] == 1


def test_patches_are_written_for_swe_bench(tmp_path: Path) -> None:
    patch = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
    path = tmp_path / "issues.json"
    row = {"instance_id": "i", "repo": "r", "base_commit": "c", "problem_statement": "p", "patch": patch}
    path.write_text(json.dumps([row]), encoding="utf-8")
    found = find_scores(Oracle(f"```diff\n{patch}```"), Asked(files={"swebench": path}))
    assert {name: value for name, (value, _, _) in found.tasks["swebench"].items()} == {"well formed": 1, "files": 1}
    assert found.patches == [{"instance_id": "i", "model_name_or_path": "oracle", "model_patch": patch}]


def test_a_file_of_another_shape_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"Problem": "x"}\n', encoding="utf-8")
    with pytest.raises(LabSettingsError, match="row 1 has no Problem ID, Short Answer"):
        find_scores(Oracle("x"), Asked(files={"imoanswerbench": path}))
    with pytest.raises(LabSettingsError, match="no such shape: mmlu"):
        find_scores(Oracle("x"), Asked(files={"mmlu": path}))
    with pytest.raises(LabSettingsError, match="no task"):
        find_scores(Oracle("x"), Asked())
