from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bundles import NOW, Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.manifest import PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, pae, sign_manifest
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note


def test_it_is_an_in_toto_statement_in_a_dsse_envelope() -> None:
    signer = new_signer("example.com/log", Algorithm.ED25519)
    envelope = json.loads(sign_manifest({"b": "22", "a": "11"}, {"campaign": "C"}, signer))
    body = base64.b64decode(envelope["payload"])
    assert envelope["payloadType"] == PAYLOAD_TYPE
    assert json.loads(body) == {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "a", "digest": {"sha256": "11"}}, {"name": "b", "digest": {"sha256": "22"}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {"campaign": "C"},
    }
    (signature,) = envelope["signatures"]
    assert signature["keyid"] == signer.verifier.key_id.hex()
    raw = base64.b64decode(signature["sig"])
    signer.private_key.public_key().verify(raw, pae(PAYLOAD_TYPE, body))  # type: ignore[call-arg]


def test_what_is_signed_can_be_no_checkpoint() -> None:
    first_line = pae(PAYLOAD_TYPE, b"example.com/log\n1\n").split(b"\n")[0]
    assert b" " in first_line, "and no origin has a space"


def test_another_kind_of_key_is_refused() -> None:
    with pytest.raises(EvidenceError, match="Ed25519 key"):
        sign_manifest({}, {}, new_signer("example.com/log", Algorithm.ML_DSA_44_COSIGNATURE))


def test_a_log_s_key_speaks_for_that_log_alone(tmp_path: Path) -> None:
    host, other = Host(tmp_path / "host", calls=6), new_signer("other.example/log", Algorithm.ED25519)
    both = f"log {host.signer.verifier}\nlog {other.verifier}\nquorum none\n"
    verify.Verification(host.bundle(), both)
    note = Note(host.note.text, (other.sign(host.reader.checkpoint, time=NOW),))
    with pytest.raises(verify.Refused, match=r"not signed by a key that the policy has for the log example\.com/log"):
        verify.Checkpoint(str(note).encode(), verify.Policy(both, "policy"), "checkpoint")
    with pytest.raises(verify.Refused, match="signed by the key of another log than it speaks of"):
        verify.Verification(Files.of(host.bundle()).signed(other).pack(tmp_path / "b.zip"), both)
