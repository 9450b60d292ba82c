"""The engine that hand-made tables are seen in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_made_calls import Row, See, account_table, call_table

from stillwatch.detect.signal import find_signals
from stillwatch.store.engine import Engine


@pytest.fixture
def see(tmp_path: Path) -> Iterator[See]:
    """Run one signal over rows."""
    with Engine(tmp_path) as engine:

        def run(name: str, rows: list[Row], **parameters: object) -> list[tuple[int, int, int]]:
            (signal,) = (s for s in find_signals(parameters={name: parameters}) if s.name == name)
            table = call_table(rows) if signal.reads == "calls" else account_table(rows)
            edges = engine.collect(signal.see(engine.lazy(table))).to_pylist()
            return sorted((e["account"], e["observable"], e["calls"]) for e in edges)

        yield run
