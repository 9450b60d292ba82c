"""The CSV table."""

from __future__ import annotations

import csv
import io

from register_sites import Published
from stillwatch.registry.exports.table import COLUMNS, csv_table


def test_every_public_entry_is_a_row_and_no_cell_runs_in_a_spreadsheet(published: Published) -> None:
    rows = {row["entry"]: row for row in csv.DictReader(io.StringIO(csv_table(published.publication)))}
    assert {name: row["status"] for name, row in rows.items()} == {
        "R-1": "alleged", "R-2": "contested", "R-3": "withdrawn", "R-4": "erased", "R-5": "alleged",
    }  # fmt: skip
    assert list(rows["R-1"]) == list(COLUMNS)
    assert rows["R-3"]["ended_because"] == "They were hacked."
    assert rows["R-3"]["answer"] == "given"
    assert rows["R-4"]["ended_because"] == "Asked for."
    assert rows["R-5"]["name"].startswith("'=cmd")
    cells = [cell for row in rows.values() for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
