"""Signed notes against the example that C2SP signed-note publishes, and against altered ones."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import Algorithm, Note, VerifierKey, parse_note, parse_signature

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
LINE = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
TEXT = "This is an example message.\n"


def test_the_published_note_opens() -> None:
    key = VerifierKey.parse(VKEY)
    note = parse_note(f"{TEXT}\n{LINE}\n".encode())
    ((by, signature),) = note.by([key])
    assert (by, note.text) == (key, TEXT)
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature.value, note.text.encode())


def test_a_vkey_and_a_note_are_written_as_they_were_read() -> None:
    assert str(VerifierKey.parse(VKEY)) == VKEY
    assert str(parse_note(f"{TEXT}\n{LINE}\n".encode())) == f"{TEXT}\n{LINE}\n"


def test_a_text_with_empty_lines_ends_at_the_last_of_them() -> None:
    assert parse_note(f"a\n\nb\n\n{LINE}\n".encode()).text == "a\n\nb\n"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (f"{TEXT}{LINE}\n", "no empty line"),
        (f"{TEXT}\n{LINE}", "does not end"),
        (f"{TEXT}\n", "no signatures"),
        (f"{TEXT}\n{LINE.replace('—', '-')}\n", "not '— name"),
        (f"{TEXT}\n{LINE[:-2]}\n", "not base64"),
        (f"{TEXT}\n— example.com/foo Uw2QOg==\n", "too short"),
        (f"{TEXT}\r\n\n{LINE}\n", "control character"),
        (f"{TEXT}\n— exa+mple Uw2QOkn8\n", "key name"),
        (f"{TEXT}\n" + f"{LINE}\n" * 65, "65 signatures"),
    ],
)
def test_a_malformed_note_is_refused_with_its_reason(data: str, problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        parse_note(data.encode())


def test_a_note_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(EvidenceError, match="UTF-8"):
        parse_note(b"\xff\n\n")


def test_a_signature_with_stray_bits_is_refused() -> None:
    with pytest.raises(EvidenceError, match="stray bits"):
        parse_signature("— example.com/foo Uw2QOkn=")


def test_a_signature_of_an_unknown_key_is_ignored() -> None:
    other = VerifierKey("example.com/foo", Algorithm.ED25519, bytes(32))
    assert parse_note(f"{TEXT}\n{LINE}\n".encode()).by([other]) == []


@pytest.mark.parametrize(
    ("vkey", "problem"),
    [
        ("example.com/foo", "not name"),
        (VKEY.replace("530d903a", "530d903b"), "altered"),
        (VKEY.replace("+Aeky", "+Beky"), "altered|unknown|bytes"),
        ("example.com/foo+530d903a+", "unknown signature type"),
        ("example.com/foo+530d903a+AQ==", "0 bytes"),
    ],
)
def test_a_malformed_vkey_is_refused_with_its_reason(vkey: str, problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        VerifierKey.parse(vkey)


def test_signatures_are_added_behind_those_that_are_there() -> None:
    one = parse_signature(LINE)
    assert Note(TEXT, (one,)).signed([one]).signatures == (one, one)
