"""The commands over the directory, as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer.main
from typer.testing import CliRunner

from stillwatch.cli.main import app
from stillwatch.errors import DirectoryError, NotInDirectoryError, SettingsError, StillwatchError
from stillwatch.gateway.directory.credential import parse_credential
from stillwatch.ingest.accounts import read_accounts
from stillwatch.plugins import load_modules

load_modules("stillwatch.cli.commands")


class Operator:
    """Types commands in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / ".stillwatch/admin-log.jsonl"

    def __call__(self, line: str, *more: str, env: dict[str, str] | None = None) -> str:
        done = CliRunner().invoke(app, [*line.split(), *more], env=env)
        if isinstance(done.exception, StillwatchError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    def rows(self, line: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self(f"{line} --json"))
        return rows

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.chdir(tmp_path)
    return Operator(tmp_path)


def test_a_key_is_the_only_thing_on_standard_output(operator: Operator) -> None:
    operator("accounts add acme --plan pro")
    issued = operator("keys issue acme --label ci --expires 90d")
    assert parse_credential(issued.rstrip("\n")) is not None
    assert parse_credential(operator("keys rotate", issued.strip(), "--grace", "1h").rstrip("\n")) is not None


def test_no_list_shows_a_secret(operator: Operator) -> None:
    operator("accounts add acme")
    made = parse_credential(operator("keys issue acme").strip())
    assert made is not None
    assert f"sw-{made.id}" in operator("keys list")
    shown = operator("keys list") + operator("keys list --json") + operator.log.read_text()
    assert made.secret not in shown


def test_keys_are_revoked_by_name_or_by_account(operator: Operator) -> None:
    operator("accounts add acme")
    first, _second = (operator("keys issue acme").strip() for _ in range(2))
    assert first[:15] in operator("keys revoke", first)
    assert "1 key(s)" in operator("keys revoke --account acme")
    assert {k["state"] for k in operator.rows("keys list acme")} == {"revoked"}
    for line in ("keys revoke", f"keys revoke {first[:15]} --account acme"):
        with pytest.raises(SettingsError, match="name one key, or --account"):
            operator(line)


def test_an_account_is_changed_and_its_values_forgotten(operator: Operator) -> None:
    operator("accounts add acme --organization Acme --set email_domain=acme.example")
    operator("accounts set acme --verification kyc --set email_domain= --set created_at=2026-01-02T03:04:05Z")
    (row,) = operator.rows("accounts list")
    assert (row["organization"], row["verification"], row["email_domain"]) == ("Acme", "kyc", None)
    assert row["created_at"] == "2026-01-02T03:04:05Z"
    operator("accounts remove acme")
    assert operator.rows("accounts list") == []


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_an_export_is_what_scan_reads_and_import_takes_back(operator: Operator, suffix: str) -> None:
    operator("accounts add acme --plan pro --organization", 'A "quoted", B', "--set", "device_fingerprint=é")
    operator("accounts add beta")
    out = operator.folder / f"accounts{suffix}"
    operator("accounts export", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    before = read_accounts(out)
    assert before["account"].to_pylist() == ["acme", "beta"]
    operator("accounts remove acme")
    assert "2 account(s)" in operator("accounts import", str(out))
    operator("accounts export", str(operator.folder / "again.parquet"))
    assert pq.read_table(operator.folder / "again.parquet").equals(before)


def test_an_export_leaves_nothing_half_written(operator: Operator) -> None:
    with pytest.raises(SettingsError, match=r"\.parquet or \.csv"):
        operator("accounts export accounts.xlsx")
    with pytest.raises(SettingsError, match="cannot be written"):
        operator("accounts export nowhere/accounts.csv")
    assert {p.name for p in operator.folder.iterdir()} == {".stillwatch"}


def test_an_appeal_is_granted_in_the_name_of_the_systems_user_and_taken_back(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.gateway.admin_log.os.getuid", lambda: 65534)
    monkeypatch.setenv("LOGNAME", "somebody-else")
    operator("accounts add acme")
    operator("appeal grant acme --reason", "a class with one homework", "--expires", "30d")
    (appeal,) = operator.rows("appeal list acme")
    assert (appeal["granted_by"], appeal["reason"], appeal["in_force"]) == ("nobody", "a class with one homework", True)
    operator("appeal revoke acme --reason", "no class")
    assert operator.rows("appeal list") == [appeal | {"in_force": False} | _ended(operator.rows("appeal list")[0])]


def _ended(appeal: dict[str, Any]) -> dict[str, Any]:
    assert appeal["revoked_reason"] == "no class"
    return {name: appeal[name] for name in ("revoked_at", "revoked_by", "revoked_reason")}


@pytest.mark.usefixtures("operator")
def test_an_appeal_of_an_account_that_is_not_there_is_granted_with_a_word() -> None:
    done = CliRunner().invoke(app, ["appeal", "grant", "acmee", "--reason", "x"])
    assert done.exit_code == 0
    assert "check that call logs name it so" in done.stderr


def test_each_change_is_noted_with_who_and_when(operator: Operator) -> None:
    operator("accounts add acme --plan pro")
    operator("keys issue acme")
    operator("appeal grant acme --reason x")
    notes = operator.notes()
    assert [n["kind"] for n in notes] == ["account_added", "key_issued", "appeal_granted"]
    assert all(n["by"] and n["at"] > 0 and n["account"] == "acme" for n in notes)
    assert operator.log.stat().st_mode & 0o777 == 0o600


def test_a_change_that_is_refused_is_not_noted(operator: Operator) -> None:
    with pytest.raises(NotInDirectoryError, match="add it first"):
        operator("keys issue nobody")
    assert not operator.log.exists()


def test_a_change_that_cannot_be_noted_is_not_made(operator: Operator) -> None:
    with pytest.raises(DirectoryError, match="nothing was changed"):
        operator("accounts add acme --admin-log", "/dev/null/log")
    assert operator.rows("accounts list") == []


def test_the_directory_is_named_by_option_or_variable(operator: Operator) -> None:
    url = f"sqlite:///{operator.folder}/other.sqlite"
    operator("accounts add acme --directory", url)
    assert operator("accounts list").startswith("No accounts")
    assert "acme" in operator("accounts list", env={"STILLWATCH_DIRECTORY": url})


def test_a_name_cannot_move_the_cursor(operator: Operator) -> None:
    operator("accounts add", "a\u202eb")
    assert "\u202e" not in operator("accounts list")
    assert "a\\u202eb" in operator("accounts list")


def test_the_gateways_settings_say_which_directory_and_log(operator: Operator) -> None:
    settings = operator.folder / "gateway.toml"
    there = operator.folder / "elsewhere"
    settings.write_text(f'directory_url = "sqlite:///{there}/d.sqlite"\nadmin_token_file = "elsewhere/admin-token"\n')
    for line in ("accounts add acme", "keys issue acme", "appeal grant acme --reason class"):
        operator(f"{line} --config {settings}")
    assert [row["account"] for row in operator.rows(f"keys list --config {settings}")] == ["acme"]
    assert [row["account"] for row in operator.rows(f"appeal list --config {settings}")] == ["acme"]
    assert len((there / "admin-log.jsonl").read_text().splitlines()) == 3
    assert not operator.log.exists()
    assert operator.rows("accounts list") == []


def test_what_the_command_line_or_the_variable_says_comes_before_the_settings(operator: Operator) -> None:
    settings = operator.folder / "gateway.toml"
    settings.write_text(f'directory_url = "sqlite:///{operator.folder}/told.sqlite"\n')
    other = f"sqlite:///{operator.folder}/other.sqlite"
    operator(f"accounts add acme --config {settings} --directory {other}")
    operator(f"accounts add beta --config {settings}", env={"STILLWATCH_DIRECTORY": other})
    assert [row["account"] for row in operator.rows(f"accounts list --directory {other}")] == ["acme", "beta"]
    assert operator.rows(f"accounts list --config {settings}") == []


def test_every_command_over_the_directory_takes_the_settings() -> None:
    groups = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    commands = [c for group in ("keys", "accounts", "appeal") for c in groups[group].commands.values()]
    assert len(commands) == 13
    for command in commands:
        assert {"config", "directory", "admin_log"} <= {p.name for p in command.params}
        assert command.help
