from __future__ import annotations

from pathlib import Path

import pytest
from runs.marked_tables import place


def test_a_table_replaces_what_stood_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- table one -->\n| old |\n| older |\n<!-- end -->\nb\n<!-- table two -->\n<!-- end -->\n")
    place({"one": "| new |", "two": "| 2 |"}, page)
    assert page.read_text() == (
        "a\n<!-- table one -->\n| new |\n<!-- end -->\nb\n<!-- table two -->\n| 2 |\n<!-- end -->\n"
    )


def test_a_table_without_a_place_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="no place for the table 'one'"):
        place({"one": "| x |"}, page)
    assert page.read_text() == "nothing\n"
