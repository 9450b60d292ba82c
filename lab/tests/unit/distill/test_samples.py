"""Prompts and samples on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch_lab.distill.samples import Sample, make_jobs, read_prompts, split_reasoning
from stillwatch_lab.errors import LabSettingsError

USER = ({"role": "user", "content": "hi"},)
SAMPLE = Sample(
    number=3,
    draw=1,
    messages=USER,
    answer="a\u2028b",
    reasoning="why",
    ended=True,
    prompt_tokens=2,
    completion_tokens=4,
    tokens=(5, 6),
    top=(((5, -0.1), (7, -2.5)), ((6, 0.0),)),
)


def test_a_sample_comes_back_from_its_line() -> None:
    assert "\n" not in SAMPLE.to_json()
    assert Sample.from_json(SAMPLE.to_json()) == SAMPLE


def test_reasoning_is_written_in_front_or_left_out() -> None:
    assert SAMPLE.text(reasoning=True) == "<think>\nwhy\n</think>\n\na\u2028b"
    assert SAMPLE.text(reasoning=False) == "a\u2028b"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think>\nwhy\n</think>\n\n42", ("why", "42")),
        ("why\n</think>\n42", ("why", "42")),
        ("42", (None, "42")),
        ("<think>cut off", (None, "<think>cut off")),
    ],
)
def test_reasoning_ends_at_its_mark(text: str, parts: tuple[str | None, str]) -> None:
    assert split_reasoning(text) == parts


def test_every_prompt_is_asked_once_before_any_twice() -> None:
    jobs = make_jobs([USER, USER], draws=2, queries=3)
    assert [job.key for job in jobs] == [(0, 0), (1, 0), (0, 1)]


def test_reads_lines_prompts_and_messages(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hi\n\n", encoding="utf-8")
    assert read_prompts(tmp_path / "a.txt") == [USER]
    lines = '{"prompt": "hi"}\n{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]}\n'
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    assert read_prompts(tmp_path / "a.jsonl") == [USER, ({"role": "system", "content": "s"}, *USER)]


@pytest.mark.parametrize("line", ["{", "{}", "[]", '{"messages": [{}]}', "7"])
def test_names_the_line_that_is_no_prompt(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"prompt": "hi"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(LabSettingsError, match=r"a\.jsonl:2: neither"):
        read_prompts(tmp_path / "a.jsonl")


def test_refuses_a_file_without_prompts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(LabSettingsError, match="no prompts"):
        read_prompts(tmp_path / "a.txt")
    with pytest.raises(LabSettingsError, match="cannot be read"):
        read_prompts(tmp_path / "none.txt")
