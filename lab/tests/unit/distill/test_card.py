"""The run card and the picture beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from stillwatch_lab.distill.card import RunCard, environment, training_results
from stillwatch_lab.distill.checkpoint import Progress
from stillwatch_lab.distill.picture import draw_losses

PROGRESS = Progress(step=3, losses=[3.0, 2.0, 1.0], held_out=[(2, 2.5), (3, 2.6)], tokens=30, seconds=2.0, resumed=1)
CARD = RunCard(
    finished_at=datetime(2026, 11, 25, tzinfo=UTC),
    teacher={"name": "a|b"},
    permission={"statement": "MIT"},
    student={"parameters": 107456},
    data={"queries": 12},
    settings={"top_k": None},
    environment=environment("cpu"),
    results=training_results(PROGRESS, plateau=False),
)


def test_holds_what_a_reader_needs_to_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    CARD.write(tmp_path / "run")
    card = json.loads((tmp_path / "run" / "card.json").read_text(encoding="utf-8"))
    assert set(card["environment"]) >= {"python", "torch", "transformers", "device", "threads"}
    assert card["results"]["best_held_out_loss"] == 2.5
    assert card["results"]["tokens_per_second"] == 15
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| parameters | 107,456 |" in page
    assert "a\\|b" in page
    assert "(run/loss.svg)" in page


def test_a_run_gives_one_picture(tmp_path: Path) -> None:
    for name in ("1.svg", "2.svg"):
        draw_losses(PROGRESS, tmp_path / name, title="sequence from a teacher")
    first = (tmp_path / "1.svg").read_bytes()
    assert first == (tmp_path / "2.svg").read_bytes()
    assert ET.fromstring(first).tag.endswith("svg")  # noqa: S314  (our own file)
