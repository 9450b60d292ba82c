"""Tables of a page that a script writes, each between two marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def place(tables: Mapping[str, str], page: Path) -> None:
    """Put each table where the page has ``<!-- table NAME -->`` and ``<!-- end -->``.

    Raises ValueError if the page has no such place.
    """
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- table {name} -->\n)(?:\|.*\n)*(<!-- end -->)")
        text, found = pattern.subn(lambda marks, table=table: f"{marks[1]}{table}\n{marks[2]}", text)
        if not found:
            raise ValueError(f"{page}: no place for the table {name!r}; write <!-- table {name} --> and <!-- end -->")
    page.write_text(text, encoding="utf-8")
