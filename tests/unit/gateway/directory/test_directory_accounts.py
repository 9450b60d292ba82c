from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from directories import NOW
from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.opened import Directory
from stillwatch.records import ACCOUNTS


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(f"sqlite:///{tmp_path}/directory.sqlite")


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([{c.name: row.get(c.name) for c in ACCOUNTS.columns} for row in rows], ACCOUNTS.schema)


def test_an_added_account_is_found_with_its_columns(directory: Directory) -> None:
    added = directory.accounts.add("acme", {"plan": "pro", "verification": "kyc"}, by="me", now=NOW)
    assert added == directory.accounts.get("acme")
    assert (added["plan"], added["verification"], added["organization"]) == ("pro", "kyc", None)
    assert added["created_at"] == datetime.fromtimestamp(NOW, UTC)


def test_an_account_is_not_added_twice(directory: Directory) -> None:
    directory.accounts.add("acme", {"plan": "pro"}, by="me", now=NOW)
    with pytest.raises(DirectoryError, match="there already"):
        directory.accounts.add("acme", {"plan": "free"}, by="me", now=NOW)
    assert directory.accounts.get("acme")["plan"] == "pro"


def test_setting_changes_only_what_is_named(directory: Directory) -> None:
    directory.accounts.add("acme", {"plan": "pro", "organization": "Acme"}, by="me", now=NOW)
    changed = directory.accounts.set("acme", {"plan": "team", "organization": None}, by="me", now=NOW + 1)
    assert (changed["plan"], changed["organization"]) == ("team", None)
    assert changed["created_at"] == datetime.fromtimestamp(NOW, UTC)


def test_an_account_that_is_not_there_is_said_to_be_missing(directory: Directory) -> None:
    with pytest.raises(NotInDirectoryError, match="add it first"):
        directory.accounts.get("nobody")
    with pytest.raises(NotInDirectoryError):
        directory.accounts.set("nobody", {"plan": "x"}, by="me", now=NOW)
    with pytest.raises(NotInDirectoryError):
        directory.accounts.remove("nobody", by="me", now=NOW)
    assert directory.database.state().changes == 0


def test_removing_an_account_revokes_its_keys(directory: Directory) -> None:
    directory.accounts.add("acme", {}, by="me", now=NOW)
    directory.keys.issue("acme", by="me", now=NOW)
    directory.accounts.remove("acme", by="me", now=NOW + 5)
    assert [k.state(NOW + 5) for k in directory.keys.list("acme")] == ["revoked"]
    assert directory.accounts.list() == []


def test_names_come_in_the_order_of_their_code_points_page_by_page(directory: Directory) -> None:
    for name in ("b", "Z", "é", "a"):
        directory.accounts.add(name, {}, by="me", now=NOW)
    first = directory.accounts.list(most=3)
    assert [a["account"] for a in first] == ["Z", "a", "b"]
    assert [a["account"] for a in directory.accounts.list(after="b")] == ["é"]


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("", {}, "empty"),
        ("a\nb", {}, "control"),
        ("a\x00", {}, "control"),
        ("\ud800", {}, "half"),
        ("x" * 257, {}, "longer than 256"),
        ("a", {"plann": "x"}, "no such column: plann"),
        ("a", {"verification": "maybe"}, "not one of none, education"),
        ("a", {"plan": 7}, "not text"),
        ("a", {"created_at": "2026"}, "not a time"),
    ],
)
def test_a_value_that_is_refused_changes_nothing(
    directory: Directory, name: str, values: dict[str, object], says: str
) -> None:
    with pytest.raises(DirectoryError, match=says):
        directory.accounts.add(name, values, by="me", now=NOW)
    assert directory.database.state().changes == 0


def test_an_imported_table_comes_back_as_it_was(directory: Directory) -> None:
    at = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    given = table(
        {"account": "a", "created_at": at, "plan": "pro", "device_fingerprint": "d"},
        {"account": "b", "created_at": at, "organization": "o", "payment_fingerprint": "p", "country": "nl"},
    )
    assert directory.accounts.put_table(given, by="me", now=NOW) == 2
    assert pa.Table.from_batches(directory.accounts.read_batches(), ACCOUNTS.schema).equals(given)


def test_an_import_replaces_what_it_names_and_leaves_the_rest(directory: Directory) -> None:
    directory.accounts.add("a", {"plan": "old", "organization": "o"}, by="me", now=NOW)
    directory.accounts.add("z", {"plan": "kept"}, by="me", now=NOW)
    directory.accounts.put_table(table({"account": "a", "plan": "new"}), by="me", now=NOW)
    assert directory.accounts.get("a")["plan"] == "new"
    assert directory.accounts.get("a")["organization"] is None
    assert directory.accounts.get("z")["plan"] == "kept"


def test_an_import_with_a_wrong_row_imports_nothing(directory: Directory) -> None:
    with pytest.raises(DirectoryError, match="verification"):
        directory.accounts.put_table(table({"account": "a"}, {"account": "b", "verification": "?"}), by="me", now=NOW)
    assert directory.accounts.list() == []
