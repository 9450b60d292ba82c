"""Where things live and who may import whom (docs/design.md), as far as names and imports say it."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "stillwatch"
FILES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 300
"""What is longer is about two subjects."""
MAX_LINES_OF = {"evidence/verify.py": 640, "registry/verify_register.py": 400}
"""They stand alone: whoever checks a bundle or a register reads one file; its own test bounds the first one's code."""
LATE = {
    "partners.py": {"stillwatch.sharing.received", "stillwatch.sharing.tables"},
    "cli/commands/scan.py": {"stillwatch.cli.evidence", "stillwatch.recording"},
}
"""Imported in a function on purpose: SQLAlchemy would cost every scan, also one without partners, a second, and the
evidence log's cryptography a sixth of one."""
PLUGIN_FOLDERS = ("detect/signals", "ingest/sources", "sharing/exporters")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full names that the imports of a tree bring in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def package(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


@each_file
def test_a_file_is_about_one_subject(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    most = MAX_LINES_OF.get(path.relative_to(SOURCE).as_posix(), MAX_LINES)
    assert lines < most, f"{lines} lines: move one subject into a file of its own"


@each_file
def test_a_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@each_file
def test_duckdb_stays_in_the_store(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(parsed(path))}
    assert package(path) == "store" or "duckdb" not in outside, "go through store.engine.Engine"


@each_file
def test_imports_are_absolute_and_hide_no_cycle(path: Path) -> None:
    tree = parsed(path)
    assert not [name for name in imported(tree) if name.startswith(".")]
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    late = {name for function in functions for name in imported(function) if name.startswith("stillwatch")}
    allowed = LATE.get(str(path.relative_to(SOURCE)), set())
    late = {name for name in late if name not in allowed and name.rpartition(".")[0] not in allowed}
    assert not late, "an import inside a function hides a cycle: move the noun to records.py"
    assert "typing.TYPE_CHECKING" not in set(imported(tree)), "the same"


@each_file
def test_the_product_needs_no_lab_tests_or_benchmarks(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(parsed(path))}
    assert not roots & {"stillwatch_lab", "tests", "benchmarks", "torch", "polars", "pandas"}


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS)
def test_nobody_imports_a_plug_in_by_name(folder: str) -> None:
    module = "stillwatch." + folder.replace("/", ".")
    for path in FILES:
        if not path.is_relative_to(SOURCE / folder):
            named = [n for n in imported(parsed(path)) if n.startswith(f"{module}.")]
            assert not named, f"{path}: plug-ins are found by plugins.py, not imported: {named}"


def test_signals_know_only_the_declaration_and_the_records() -> None:
    allowed = {"stillwatch.detect.signal", "stillwatch.records"}
    for path in (SOURCE / "detect/signals").glob("*.py"):
        ours = {n for n in imported(parsed(path)) if n.startswith("stillwatch")}
        assert all(any(n == a or n.startswith(f"{a}.") for a in allowed) for n in ours), path


def test_every_package_has_a_floor() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [c["layers"] for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    floors = set(chain.from_iterable(line.split(" | ") for line in layers))
    there = {f"stillwatch.{p.stem}" for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert there - {"stillwatch.__init__"} == floors


def test_every_signal_has_tests_of_its_own() -> None:
    signals = {p.stem for p in (SOURCE / "detect/signals").glob("*.py")} - {"__init__"}
    tests = {p.stem for p in (ROOT / "tests/unit/detect/signals").glob("test_signal_*.py")}
    assert not {f"test_signal_{name}" for name in signals} - tests


def test_no_two_test_files_have_one_name() -> None:
    names = Counter(p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py")
    assert not [name for name, count in names.items() if count > 1]
