"""Where things live in the lab and who may import whom, as far as names and imports say it."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

LAB = Path(__file__).parents[2]
SOURCE = LAB / "src" / "stillwatch_lab"
FILES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 300
"""What is longer is about two subjects."""

each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))


@each_file
def test_a_file_is_about_one_subject_and_says_which(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < MAX_LINES, "move one subject into a file of its own"
    assert ast.get_docstring(ast.parse(text))


@each_file
def test_imports_are_absolute_and_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = {
        alias.name if isinstance(node, ast.Import) else node.module or ""
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not {name for name in late if name.startswith("stillwatch")}, "an import inside a function hides a cycle"


def test_every_package_has_a_floor() -> None:
    settings = tomllib.loads((LAB / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [c["layers"] for c in contracts if c["type"] == "layers"]
    floors = set(chain.from_iterable(line.split(" | ") for line in layers))
    there = {f"stillwatch_lab.{p.stem}" for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert there - {"stillwatch_lab.__init__", "stillwatch_lab.__main__"} == floors


def test_no_two_test_files_have_one_name() -> None:
    names = Counter(p.name for p in (LAB / "tests").rglob("*.py") if p.name != "conftest.py")
    assert not [name for name, count in names.items() if count > 1]
