from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("datasketch", reason="the bench lock is not installed (make .venv/.bench)")

from benchmarks import results


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    return tmp_path / "RESULTS.md"


def test_a_section_replaces_its_last_version_and_keeps_the_others(page: Path) -> None:
    results.write_section("speed", "Speed", "old", command="x")
    results.write_section("quality", "Quality", "kept", command="x")
    results.write_section("speed", "Speed", "new", command="x")
    text = page.read_text()
    assert "old" not in text
    assert text.index("kept") < text.index("new")


def test_a_section_says_where_it_ran(page: Path) -> None:
    results.write_section("speed", "Speed", "", command="python -m benchmarks speed")
    assert "python -m benchmarks speed" in page.read_text()
    assert "cores" in page.read_text()


def test_tables_show_nothing_as_a_dash_and_thousands_apart() -> None:
    assert results.table(("a", "b", "c"), [(1234, 0.5, None)]).splitlines()[-1] == "| 1,234 | 0.50 | – |"  # noqa: RUF001 (the dash is what is tested)


def test_a_quick_section_says_that_it_measures_nothing(page: Path) -> None:
    results.write_section("quality", "Quality", "numbers", command="python -m benchmarks quality")
    assert results.QUICK_WARNING not in page.read_text()
    results.write_section("quality", "Quality", "numbers", command="python -m benchmarks quality --quick")
    assert results.QUICK_WARNING + "numbers" in page.read_text()
