"""The CSV table, as spreadsheets open it."""

from __future__ import annotations

import csv
import io

from sharing_world import campaign, observable, parcel
from stillwatch.sharing.exporter import find_exporter

CSV = find_exporter("csv")


def rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


def test_one_row_an_indicator() -> None:
    found = rows(CSV.write(CSV.documents(parcel())))
    assert [r["kind"] for r in found][:2] == ["network", "asn"]
    assert len(found) == 8


def test_a_value_that_a_spreadsheet_would_run_is_text() -> None:
    made = parcel(campaign("=HYPERLINK(1)", observables=[observable("user_agent", "+1-800 dial/1")]))
    (row,) = rows(CSV.write(CSV.documents(made)))
    assert row["campaign"] == "'=HYPERLINK(1)"
    assert row["value"] == "'+1-800 dial/1"


def test_nothing_to_share_is_an_empty_file_with_no_row() -> None:
    assert rows(CSV.write(CSV.documents(parcel(campaign(observables=[]))))) == []
