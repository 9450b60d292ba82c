from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.admin import token as token_module
from stillwatch.gateway.admin.token import is_token, read_or_create_token
from stillwatch.gateway.directory.credential import make_credential, parse_credential


def test_a_token_is_made_at_first_use_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "admin-token"
    made = read_or_create_token(path)
    assert read_or_create_token(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(made) >= 64
    assert parse_credential(made) is None


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "admin-token"
    read_or_create_token(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="the admin token is open to other users"):
        read_or_create_token(path)


@pytest.mark.parametrize("content", ["", "short", "\n" * 100, "é" * 64])
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "admin-token"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="not an admin token"):
        read_or_create_token(path)


def test_only_the_token_as_a_bearer_is_the_token() -> None:
    token = "swadmin-" + "a" * 64
    assert is_token(f"Bearer {token}".encode(), token)
    assert is_token(f"bearer {token}".encode(), token)
    for given in (b"", b"Bearer", b"Bearer ", token.encode(), f"Basic {token}".encode(), f"Bearer {token}x".encode()):
        assert not is_token(given, token)
    assert not is_token(f"Bearer {make_credential().text}".encode(), token)


def test_tokens_are_compared_in_constant_time_whatever_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[tuple[int, int]] = []

    def compare(a: bytes, b: bytes) -> bool:
        lengths.append((len(a), len(b)))
        return True

    monkeypatch.setattr(token_module.hmac, "compare_digest", compare)
    for given in (b"", b"Basic x", b"Bearer x", b"Bearer " + b"x" * 10_000):
        is_token(given, "swadmin-" + "a" * 64)
    assert lengths == [(32, 32)] * 4
