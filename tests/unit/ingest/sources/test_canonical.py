from __future__ import annotations

from stillwatch.ingest.sources.canonical import canonical


def test_passes_a_row_on_as_it_is() -> None:
    row = {"call_id": "c", "account": "a", "started_at": 1, "model": "m", "n": None}
    assert list(canonical(row)) == [row]
