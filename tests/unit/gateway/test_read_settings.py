"""The settings file: read exactly, or refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.read_settings import read_settings
from stillwatch.gateway.settings import GatewaySettings, LimitRule, Listen, Model, Upstream

WHOLE = """
allow_paths = ["/v1/rerank"]
rules = "rules.toml"

[listen]
port = 9000
header_seconds = 5

[[upstreams]]
name = "u"
url = "https://api.example.com"
dialect = "anthropic"
key_file = "secrets/key"

[[models]]
name = "m"
upstream = "u"
aliases = ["n", "o"]

[[limits]]
level = "account"
unit = "output_tokens"
per_minute = 60000
"""


def test_reads_every_kind_of_setting_and_paths_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(WHOLE)
    assert read_settings(tmp_path / "gateway.toml") == GatewaySettings(
        allow_paths=("/v1/rerank",),
        rules=tmp_path / "rules.toml",
        listen=Listen(port=9000, header_seconds=5.0),
        upstreams=(
            Upstream("u", "https://api.example.com", dialect="anthropic", key_file=tmp_path / "secrets" / "key"),
        ),
        models=(Model("m", "u", aliases=("n", "o")),),
        limits=(LimitRule(Level.ACCOUNT, Unit.OUTPUT_TOKENS, per_minute=60000.0),),
    )


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("")
    assert read_settings(tmp_path / "gateway.toml") == GatewaySettings()


def test_the_directorys_url_may_be_in_a_variable_where_no_file_has_its_password(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('directory_url = "sqlite:///told.sqlite"')
    url = "postgresql+psycopg://gateway:secret@db/stillwatch"
    assert read_settings(tmp_path / "gateway.toml", {"STILLWATCH_DIRECTORY": url}).directory_url == url
    assert read_settings(tmp_path / "gateway.toml", {}).directory_url == "sqlite:///told.sqlite"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[listen]\nporrt = 1", "gateway.toml: [listen] porrt: no such setting"),
        ("[listen]\nport = '1'", "gateway.toml: [listen] port: must be a whole number"),
        ("[[models]]\nname = 'm'", "gateway.toml: [[models]] number 1: upstream is missing"),
        ("[[models]]\nname = 'm'\nupstream = 'u'", "no upstream is called 'u'"),
        ("[[limits]]\nlevel = 'galaxy'\nunit = 'calls'", "level: must be one of account, organization"),
        ("upstreams = 3", "upstreams: must be a list"),
        ("[listen", "gateway.toml: not TOML"),
    ],
)
def test_wrong_settings_are_told_by_file_section_and_key(tmp_path: Path, toml: str, says: str) -> None:
    (tmp_path / "gateway.toml").write_text(toml)
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_settings(tmp_path / "gateway.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
