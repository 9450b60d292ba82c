from pathlib import Path

import pytest

from directories import NOW
from stillwatch.errors import SettingsError
from stillwatch.gateway.directory.export import export_accounts
from stillwatch.gateway.directory.opened import Directory
from stillwatch.ingest.accounts import read_accounts


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_every_account_is_written_for_its_owner_only(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"accounts{suffix}"
    with Directory(f"sqlite:///{tmp_path}/directory.sqlite") as directory:
        directory.accounts.add("b", {}, by="test", now=NOW)
        directory.accounts.add("a", {"plan": "pro"}, by="test", now=NOW)
        assert export_accounts(directory, out) == 2
    table = read_accounts(out)
    assert table["account"].to_pylist() == ["a", "b"]
    assert table["plan"].to_pylist() == ["pro", None]
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        Directory(f"sqlite:///{tmp_path}/directory.sqlite") as directory,
        pytest.raises(SettingsError, match="cannot be written"),
    ):
        export_accounts(directory, tmp_path / "nowhere/accounts.csv")
