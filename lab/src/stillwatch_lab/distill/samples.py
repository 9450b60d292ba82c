"""Prompts, and what a teacher answered: the rows of ``samples.jsonl``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch_lab.errors import LabSettingsError

THINK, THOUGHT = "<think>\n", "\n</think>\n\n"
"""Around the reasoning, as DeepSeek-R1 and its descendants write it."""

Messages = tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Job:
    """One answer to ask for: prompt ``number`` of the file, for the ``draw``-th time."""

    number: int
    draw: int
    messages: Messages

    @property
    def key(self) -> tuple[int, int]:
        """Prompt and draw: what it is found by."""
        return self.number, self.draw


@dataclass(frozen=True)
class Sample:
    """One answer of a teacher."""

    number: int
    draw: int
    messages: Messages
    answer: str
    reasoning: str | None
    ended: bool
    """False: cut at ``max_new_tokens``."""
    prompt_tokens: int
    completion_tokens: int
    tokens: tuple[int, ...] | None = None
    """The completion in the teacher's tokens, its end left out; of the answer alone where ``top`` is there."""
    top: tuple[tuple[tuple[int, float], ...], ...] | None = None
    """For each of ``tokens`` the likeliest tokens and their log-probabilities, where a server gave them."""

    @property
    def key(self) -> tuple[int, int]:
        """Prompt and draw: what it is found by."""
        return self.number, self.draw

    def text(self, *, reasoning: bool) -> str:
        """Write the completion, with the reasoning in front if there is some and it is wanted."""
        if not (reasoning and self.reasoning):
            return self.answer
        return f"{THINK}{self.reasoning}{THOUGHT}{self.answer}"

    def to_json(self) -> str:
        """Write the sample's line of the file, without the line's end."""
        return json.dumps(self.__dict__, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Sample:
        """Read such a line."""
        row = json.loads(line)
        top = row.pop("top")
        tokens = row.pop("tokens")
        return cls(
            **{**row, "messages": tuple(row["messages"])},
            tokens=None if tokens is None else tuple(tokens),
            top=None if top is None else tuple(tuple((int(t), float(p)) for t, p in place) for place in top),
        )


def split_reasoning(text: str) -> tuple[str | None, str]:
    """Split ``<think>…</think>answer``; text without an end of thought is all answer."""
    thought, mark, answer = text.partition(THOUGHT.strip())
    if not mark:
        return None, text
    return thought.removeprefix(THINK.strip()).strip("\n"), answer.lstrip("\n")


def read_prompts(path: Path) -> list[Messages]:
    """Read prompts: a line of a ``.txt``, or a line of JSON with ``prompt`` (text) or ``messages`` (OpenAI-shaped).

    Raises LabSettingsError for a line that is neither, and for a file without prompts.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise LabSettingsError(f"{path}: cannot be read as prompts: {problem}") from problem
    parse = _from_json if path.suffix in {".jsonl", ".json"} else _from_text
    prompts = [parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not prompts:
        raise LabSettingsError(f"{path}: no prompts in it")
    return prompts


def _from_text(line: str, _where: str) -> Messages:
    return ({"role": "user", "content": line},)


def _from_json(line: str, where: str) -> Messages:
    try:
        row: dict[str, Any] = json.loads(line)
        if isinstance(row.get("prompt"), str):
            return _from_text(row["prompt"], where)
        return tuple({"role": str(m["role"]), "content": str(m["content"])} for m in row["messages"])
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as problem:
        raise LabSettingsError(f"{where}: neither a prompt nor messages: {problem}") from problem


def make_jobs(prompts: list[Messages], *, draws: int, queries: int | None) -> list[Job]:
    """List the answers to ask for: every prompt once before any a second time, ``queries`` at most."""
    jobs = [Job(number, draw, messages) for draw in range(draws) for number, messages in enumerate(prompts)]
    return jobs[:queries]
