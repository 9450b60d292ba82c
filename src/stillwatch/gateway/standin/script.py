"""What the stand-in does, told by words in the prompt, so that a plain client can ask for every kind of trouble.

``[error 500]`` answers with that status, ``[words 40]`` says that many words, ``[wait 0.5]`` waits so many seconds
before each of them, ``[think]`` reasons first, ``[tool]`` calls the first tool offered, ``[break]`` closes the
connection in the middle of the answer, ``[garbage]`` says something that is no HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIRECTIVE = re.compile(r"\[(error|words|wait|think|tool|break|garbage)(?: ([0-9.]+))?\]")

MOST_WORDS = 100_000
"""A stand-in that is asked for more says so many."""


@dataclass(frozen=True)
class Script:
    """One answer: its words, each a token, and what happens on the way."""

    words: tuple[str, ...]
    thoughts: tuple[str, ...] = ()
    tool: tuple[str, str] | None = None
    """Name and arguments (JSON) of the tool to call."""
    error: int = 0
    wait_seconds: float = 0.0
    breaks: bool = False
    garbage: bool = False
    input_tokens: int = 0
    is_cut: bool = False
    """Whether the ceiling ended it."""

    @property
    def output_tokens(self) -> int:
        """Thoughts and words; a tool call counts as five."""
        return len(self.words) + len(self.thoughts) + (5 if self.tool else 0)


def read_script(prompt: str, *, tools: list[tuple[str, str]], ceiling: int | None) -> Script:
    """Return what to do with a prompt. ``tools`` are names with arguments to call them with."""
    told: dict[str, str] = dict(DIRECTIVE.findall(prompt))
    said = DIRECTIVE.sub("", prompt).split() or ["Hello!"]
    count = min(int(float(told["words"])), MOST_WORDS) if told.get("words") else len(said)
    words = tuple(said[i % len(said)] + " " for i in range(count))
    is_cut = ceiling is not None and len(words) > ceiling
    return Script(
        words=words[:ceiling],
        thoughts=("Let ", "me ", "think. ") if "think" in told else (),
        tool=tools[0] if "tool" in told and tools else None,
        error=int(float(told["error"])) if told.get("error") else 0,
        wait_seconds=float(told["wait"]) if told.get("wait") else 0.0,
        breaks="break" in told,
        garbage="garbage" in told,
        input_tokens=len(prompt.split()),
        is_cut=is_cut,
    )
