from __future__ import annotations

import pytest

from stillwatch_lab.benchmarks.programs import Case, find_program, run_case

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"


def test_the_last_block_is_the_program() -> None:
    assert find_program("```python\nx\n```\nbetter:\n```\ny\n```") == "y\n"
    assert find_program("print(1)") == "print(1)"


def test_a_program_reads_and_writes() -> None:
    assert run_case(ADD, Case("2 3\n", "5"))
    assert not run_case(ADD, Case("2 3\n", "6"))
    assert not run_case("raise SystemExit(1)", Case("", ""))


@pytest.mark.parametrize(
    "program", ["def f(a, b):\n    return a + b", "class Solution:\n    def f(self, a, b):\n        return a + b"]
)
def test_a_function_is_called_with_one_value_a_line(program: str) -> None:
    assert run_case(program, Case("[1]\n[2]", "[1, 2]", "f"))
    assert not run_case(program, Case("[1]\n[2]", "[2, 1]", "f"))


def test_a_program_without_end_is_stopped() -> None:
    assert not run_case("while True: pass", Case("", ""), seconds=1)


def test_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert run_case("import os\nprint(os.environ.get('SECRET'))", Case("", "None"))
