"""RFC 3161 time-stamps, by an authority that the test runs itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509

from loopback import Reply, answering
from stillwatch.errors import EvidenceError
from stillwatch.evidence import timestamps
from stillwatch.evidence.timestamps import read_roots, request_timestamp, verify_timestamp
from time_authority import TimeAuthority

pytest.importorskip("rfc3161_client", reason="needs the extra `timestamps`")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for its `ts` command")

TEXT = "example.com/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def roots(authority: TimeAuthority) -> list[x509.Certificate]:
    return read_roots(authority.roots)


@pytest.fixture(scope="module")
def stamped(authority: TimeAuthority, roots: list[x509.Certificate]) -> bytes:
    with answering(authority) as url:
        return request_timestamp(f"{url}/tsr", TEXT, roots)


def test_an_authority_s_answer_holds_for_the_checkpoint_now_and_later(
    stamped: bytes, roots: list[x509.Certificate]
) -> None:
    found = verify_timestamp(stamped, TEXT, roots)
    assert found.authority == "CN=Authority made for a test"
    assert abs(found.time - time.time()) < 600


def test_it_holds_for_no_other_text(stamped: bytes, roots: list[x509.Certificate]) -> None:
    with pytest.raises(EvidenceError, match="does not hold"):
        verify_timestamp(stamped, TEXT.replace("5", "6", 1), roots)


def test_it_does_not_hold_under_another_root_or_none(stamped: bytes, tmp_path: Path) -> None:
    other = TimeAuthority(tmp_path / "other")
    for wrong in (read_roots(other.roots), []):
        with pytest.raises(EvidenceError):
            verify_timestamp(stamped, TEXT, wrong)


def test_no_changed_byte_of_it_holds_with_another_meaning(stamped: bytes, roots: list[x509.Certificate]) -> None:
    good = verify_timestamp(stamped, TEXT, roots)
    for at in range(0, len(stamped), 3):
        changed = stamped[:at] + bytes([stamped[at] ^ 1]) + stamped[at + 1 :]
        try:
            found = verify_timestamp(changed, TEXT, roots)
        except EvidenceError:
            continue
        assert found == good, at


def test_an_old_answer_is_not_one_to_a_new_question(stamped: bytes, roots: list[x509.Certificate]) -> None:
    with (
        answering(lambda *_: (200, "application/timestamp-reply", stamped)) as url,
        pytest.raises(EvidenceError, match="Nonce"),
    ):
        request_timestamp(url, TEXT, roots)


REJECTED = bytes.fromhex("30053003020102")
"""A TimeStampResp with status rejection and no token (RFC 3161, section 2.4.2)."""


@pytest.mark.parametrize(
    "reply",
    [
        (500, "application/timestamp-reply", b""),
        (200, "text/html", b"<html>"),
        (200, "application/timestamp-reply", b""),
        (200, "application/timestamp-reply", b"\x30"),
        (200, "application/timestamp-reply", REJECTED),
        (200, "application/timestamp-reply", bytes(1 << 20)),
    ],
)
def test_an_answer_that_is_none_is_refused(reply: Reply, roots: list[x509.Certificate]) -> None:
    with answering(lambda *_: reply) as url, pytest.raises(EvidenceError, match=url):
        request_timestamp(url, TEXT, roots)


def test_roots_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_bytes(b"")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(EvidenceError, match="no certificates"):
            read_roots(tmp_path / name)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps, "_IS_THERE", False)
    with pytest.raises(EvidenceError, match=r"stillwatch\[timestamps\]"):
        request_timestamp("http://127.0.0.1:1", TEXT, [])


def test_everything_else_works_without_the_library() -> None:
    program = "import sys; sys.modules['rfc3161_client'] = None; import stillwatch.evidence.cosigning"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
