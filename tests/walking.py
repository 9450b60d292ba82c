"""Parties in folders of their own who run the command, and a page that writes down what it printed."""

from __future__ import annotations

import json
import shlex
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands import run_command

WIDE = "110"
"""Columns: what fits on a page."""


@dataclass
class Walk:
    """The folders, and the page as it grows."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)

    def tell(self, text: str) -> None:
        """Add a paragraph or a heading."""
        self.lines += [textwrap.fill(text, 118), ""]

    def run(self, who: str, command: str, *, code: int = 0, most: int = 14, shown: bool = True) -> str:
        """Run ``stillwatch COMMAND`` in somebody's folder and write down what it printed; return that."""
        done = run_command(*shlex.split(command), cwd=self.folder / who, environment={"COLUMNS": WIDE})
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{who}$ stillwatch {command}\n{said}"
        if shown:
            self.show(who, f"stillwatch {command}", said, most=most)
        return said

    def show(self, who: str, command: str, said: str, *, most: int = 14) -> None:
        """Write down a command and at most so many lines of what it printed."""
        rows = said.rstrip().splitlines()
        cut = [*rows[:most], f"… {len(rows) - most} more lines"] if len(rows) > most else rows
        text = "\n".join([f"{who}$ {command}", *cut])
        for secret, word in self.hidden.items():
            text = text.replace(secret, word)
        self.lines += ["```text", text, "```", ""]

    def write(self, who: str, name: str, text: str) -> Path:
        """Write a file into somebody's folder."""
        path = self.folder / who / name
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, who: str, name: str) -> Any:
        """Read a JSON file of somebody's."""
        return json.loads((self.folder / who / name).read_text(encoding="utf-8"))

    def hand_over(self, who: str, to: str, *names: str) -> None:
        """Copy files from one party to another, as by a courier."""
        for name in names:
            (self.folder / to / f"{who}-{Path(name).name}").write_bytes((self.folder / who / name).read_bytes())
