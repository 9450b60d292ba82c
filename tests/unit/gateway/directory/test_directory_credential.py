from __future__ import annotations

import math

import pytest

from stillwatch.gateway.directory import credential
from stillwatch.gateway.directory.credential import (
    ALPHABET,
    SECRET_CHARACTERS,
    Credential,
    hash_secret,
    is_secret,
    make_credential,
    make_salt,
    parse_credential,
    parse_key_id,
)


def test_a_new_credential_is_read_back() -> None:
    made = make_credential()
    assert parse_credential(made.text) == made


def test_a_secret_cannot_be_guessed() -> None:
    assert SECRET_CHARACTERS * math.log2(len(set(ALPHABET))) >= 192


def test_no_two_credentials_share_id_or_secret() -> None:
    made = [make_credential() for _ in range(200)]
    assert len({m.id for m in made}) == len({m.secret for m in made}) == 200


def test_the_hash_is_sha_256_of_salt_and_secret() -> None:
    # FIPS 180-4, the one-block example "abc".
    assert hash_secret(b"a", "bc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_same_secret_has_another_hash_under_another_salt() -> None:
    assert hash_secret(make_salt(), "x") != hash_secret(make_salt(), "x")


def test_only_the_secret_opens_its_hash() -> None:
    salt = make_salt()
    hashed = hash_secret(salt, "right")
    assert is_secret("right", salt=salt, hashed=hashed)
    assert not is_secret("wrong", salt=salt, hashed=hashed)


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return False

    monkeypatch.setattr(credential.hmac, "compare_digest", compare)
    salt = make_salt()
    assert not is_secret("right", salt=salt, hashed=hash_secret(salt, "right"))
    assert seen == [(hash_secret(salt, "right"), hash_secret(salt, "right"))]


def test_a_representation_shows_no_secret() -> None:
    made = make_credential()
    assert made.secret not in f"{made!r} {[made]} {made!s}"


@pytest.mark.parametrize(
    "text",
    ["", "sw-", "sk-abc", "sw-0123456789ab", "SW-" + "0" * 12 + "-" + "0" * 40, "sw-" + "0" * 12 + "-" + "0" * 41],
)
def test_what_is_no_credential_is_none(text: str) -> None:
    assert parse_credential(text) is None


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "\ufeff{}", "Bearer {}"])
def test_a_credential_with_anything_around_it_is_none(around: str) -> None:
    assert parse_credential(around.format(make_credential().text)) is None


def test_a_key_is_named_by_its_id_or_by_the_whole_credential() -> None:
    made = Credential("a" * 12, "b" * 40)
    assert parse_key_id("sw-aaaaaaaaaaaa") == parse_key_id(made.text) == made.id
    assert parse_key_id("sw-aaaaaaaaaaaa-") is None
