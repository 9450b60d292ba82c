"""Promises: what was signed holds, and nothing else does."""

from __future__ import annotations

import base64

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import open_checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.promises import Promise, promise_call, verify_promise

SIGNER = new_signer("log.example", Algorithm.ED25519)
KEY = SIGNER.verifier
VALUE = promise_call(SIGNER, call_id="c\n1 é", started_at=1_780_000_000_000_000)


def test_a_promise_names_the_call_and_fits_into_a_header() -> None:
    assert verify_promise(VALUE, [KEY]) == Promise("log.example", "c\n1 é", 1_780_000_000_000_000)
    assert VALUE.isascii()
    assert VALUE.isprintable()
    assert len(VALUE) < 400


def test_every_changed_byte_is_refused() -> None:
    raw = base64.b64decode(VALUE)
    for at in range(len(raw)):
        altered = base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        with pytest.raises(EvidenceError):
            verify_promise(altered, [KEY])


def test_another_log_s_key_does_not_count() -> None:
    with pytest.raises(EvidenceError, match="none of the known keys"):
        verify_promise(VALUE, [new_signer("log.example", Algorithm.ED25519).verifier])


def test_a_promise_is_no_checkpoint() -> None:
    with pytest.raises(EvidenceError):
        open_checkpoint(base64.b64decode(VALUE), [KEY])


def test_a_key_too_large_for_a_header_is_refused() -> None:
    with pytest.raises(EvidenceError, match="Ed25519"):
        promise_call(new_signer("log.example", Algorithm.ML_DSA_44_COSIGNATURE), call_id="c", started_at=1)


@pytest.mark.parametrize("value", ["", "x", base64.b64encode(b"hello\n\n\xe2\x80\x94 a YWJjZGU=\n").decode()])
def test_what_is_no_promise_is_refused(value: str) -> None:
    with pytest.raises(EvidenceError):
        verify_promise(value, [KEY])
