"""Upstreams whose address or credential cannot be right are refused before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.settings import Upstream
from stillwatch.gateway.upstream import check_upstreams


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "//x", "https://user:pw@x", "https://x?y=1", "https://x#y", "file:///etc/passwd", ""]
)
def test_an_address_that_is_no_plain_server_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"\[\[upstreams\]\] u: url must be like"):
        check_upstreams([Upstream("u", url)])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"key_env": "STILLWATCH_NO_SUCH_VARIABLE"}, "is not set"),
        ({"key_file": Path("/no/such/file")}, "cannot read key_file"),
    ],
)
def test_a_credential_that_is_not_there_is_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        check_upstreams([Upstream("u", "https://x", **settings)])


@pytest.mark.parametrize("key", ["two\r\nlines: x", "spa ce", "\x00"])
def test_a_credential_cannot_add_a_header(tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key)
    with pytest.raises(SettingsError, match="printable"):
        check_upstreams([Upstream("u", "https://x", key_file=tmp_path / "key")])


def test_plain_upstreams_are_fine(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-123\n")
    check_upstreams(
        [Upstream("u", "http://127.0.0.1:8000/base/"), Upstream("v", "https://x", key_file=tmp_path / "key")]
    )
