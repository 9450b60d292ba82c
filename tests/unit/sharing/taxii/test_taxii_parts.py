"""Times, objects, media types and addresses, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import SettingsError
from stillwatch.sharing.taxii.checks import MAX_DEPTH, Checked, Refused, check_object
from stillwatch.sharing.taxii.filters import Pages
from stillwatch.sharing.taxii.headers import read_token, takes_gzip
from stillwatch.sharing.taxii.server import Tls, bind
from stillwatch.sharing.taxii.times import read_time, write_time
from taxii_world import stix_object


@given(st.integers(0, 253_402_300_799_999_999))
def test_a_time_is_read_back_as_it_was_written(microseconds: int) -> None:
    assert read_time(write_time(microseconds)) == microseconds


def test_written_times_sort_as_they_are() -> None:
    moments = [0, 1, 999_999, 1_000_000, 1_790_000_000_000_000]
    assert sorted(write_time(m) for m in moments) == [write_time(m) for m in moments]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01t00:00:00z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "\u0662026-01-01T00:00:00Z",
    ],
)
def test_what_is_no_timestamp_of_stix_is_none(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": "indicator--1"}, "id is not"),
        ({"type": "malware"}, "id is not"),
        ({"id": stix_object(1)["id"].upper()}, "id is not"),
        ({"modified": 3}, "RFC 3339"),
        ({"modified": "x" * 100}, "RFC 3339"),
        ({"spec_version": "3.0"}, "spec_version"),
        ({"spec_version": []}, "spec_version"),
        ({"created_by_ref": "me"}, "created_by_ref"),
        ({"x": 2**64}, "beyond 64 bits"),
        ({"x": "\ud800"}, "not Unicode"),
        ({"x": "y" * 1_000_001}, "larger than"),
    ],
)
def test_an_object_that_cannot_be_kept_says_why(changed: dict[str, Any], why: str) -> None:
    found = check_object(stix_object(1) | changed)
    assert isinstance(found, Refused)
    assert why in found.problem


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> Any:
        return [] if depth == 0 else [nested(depth - 1)]

    assert isinstance(check_object(stix_object(1, x=nested(MAX_DEPTH - 2))), Checked)
    assert isinstance(check_object(stix_object(1, x=nested(MAX_DEPTH))), Refused)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abc", b"abc"),
        (b"token  abc ", b"abc"),
        (b"Basic dXNlcjpwYXNz", b"pass"),
        (b"Basic dXNlcg==", None),
        (b"Basic !", None),
        (b"Bearer", None),
        (b"Digest abc", None),
        (b"", None),
    ],
)
def test_a_token_is_read_from_every_scheme_that_clients_use(value: bytes, token: bytes | None) -> None:
    assert read_token([(b"authorization", value)]) == token
    assert read_token([(b"authorization", value), (b"authorization", value)]) is None


@pytest.mark.parametrize(
    ("said", "takes"),
    [(b"gzip", True), (b"br, GZIP;q=0.5", True), (b"gzip;q=0", False), (b"gzip;q=0.0", False), (b"", False)],
)
def test_gzip_is_for_those_who_take_it(said: bytes, *, takes: bool) -> None:
    assert takes_gzip([(b"accept-encoding", said)]) is takes


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_a_next_page_is_read_back_by_whoever_has_the_secret(secret: bytes, after: int) -> None:
    assert Pages(secret).read("c", Pages(secret).write("c", after)) == after


@pytest.mark.parametrize("address", ["", "127.0.0.1", ":80", "127.0.0.1:x", "127.0.0.1:99999", "0.0.0.0:0", "[::]:0"])
def test_a_listener_beyond_loopback_without_tls_or_a_senseless_one_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"^--listen"):
        bind(address, tls=None)


def test_a_port_that_is_taken_is_said() -> None:
    with bind("127.0.0.1:0", tls=None) as taken, pytest.raises(SettingsError, match="choose another"):
        bind(f"127.0.0.1:{taken.getsockname()[1]}", tls=None)
    assert Tls.__dataclass_fields__
