"""Files of customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import RegistryError
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.customers import Customer, read_customers

ROW = Customer("c1", "Fern Ltd", aliases=("A", "B"), kind=Kind.COMPANY, domains=("fern.example",))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.csv", "\ufeffcustomer,name,aliases,kind,domains\nc1,Fern Ltd,A; B,Company,fern.example\n"),
        (
            "c.jsonl",
            '{"customer":"c1","name":"Fern Ltd","aliases":["A","B"],"kind":"Company","domains":["fern.example"]}\n\n',
        ),
    ],
)
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_customers(tmp_path / name) == [ROW]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("c.csv", "customer,nmae\nc1,Fern\n", "c.csv:2: no such field: nmae"),
        ("c.csv", "customer,name\nc1\n", "c.csv:2: more or fewer cells"),
        ("c.csv", "customer,name\nc1,A\nc1,B\n", "'c1' is there twice"),
        ("c.csv", "customer,name\nc1,\n", "c.csv:2: name is missing"),
        ("c.jsonl", "{", "c.jsonl:1: not JSON"),
        ("c.xlsx", "", "ends in .csv or .jsonl"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=why):
        read_customers(tmp_path / name)


def test_the_digest_changes_with_anything_that_is_known() -> None:
    assert ROW.digest == Customer("c1", "Fern Ltd", ("A", "B"), Kind.COMPANY, domains=("fern.example",)).digest
    assert ROW.digest != Customer("c1", "Fern Ltd").digest
