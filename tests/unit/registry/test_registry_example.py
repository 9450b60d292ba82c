"""The fictional example."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from registers import NOW
from stillwatch.registry.example import make_example
from stillwatch.registry.verify_register import report


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    assert make_example(folder / "register", folder / "site", now=NOW) == 9
    return folder / "site"


def test_the_example_shows_a_register_in_all_its_states_and_holds(example: Path) -> None:
    with (example / "register.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {
        "alleged", "contested", "corroborated", "officially_listed", "under_review", "corrected", "withdrawn",
        "expired", "erased",
    }  # fmt: skip
    said: list[str] = []
    assert report(example, None, None, said.append, now=NOW) == 0


def test_everything_in_the_example_says_that_it_is_fictional(example: Path) -> None:
    pages = list(example.rglob("*.html"))
    assert len(pages) == 11
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Fictional example." in text
        assert "Not Public Yet" not in text
    domains = re.findall(r"[a-z-]+\.example", (example / "register.csv").read_text(encoding="utf-8"))
    assert "quillfern.example" in domains
    assert "fictional" in (example / "register.ftm.jsonl").read_text(encoding="utf-8")
    assert "(fictional)" in (example / "feed.xml").read_text(encoding="utf-8")
