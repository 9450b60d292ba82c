"""The manifest: an in-toto statement over every file of a bundle, signed as DSSE."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Algorithm

NAME = "manifest.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:stillwatch:evidence-bundle:1"


def sign_manifest(digests: Mapping[str, str], predicate: Mapping[str, Any], signer: Signer) -> bytes:
    """Return ``manifest.json``; ``digests`` are SHA-256 in hex by file name, ``signer`` an Ed25519 key of the log.

    The log's key signs it, so that a policy with that key is all a verifier needs. A checkpoint's text begins with the
    origin and a newline, and no origin has a space: nothing that is signed here can be taken for a checkpoint.
    Raises EvidenceError for a key of another kind.
    """
    if signer.verifier.algorithm is not Algorithm.ED25519:
        raise EvidenceError(f"key {signer.verifier.name}: a manifest is signed with the log's Ed25519 key")
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(digests.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    body = _encode(statement)
    signature = signer.private_key.sign(pae(PAYLOAD_TYPE, body))
    keyid = signer.verifier.key_id.hex()
    signatures = [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}]
    return _encode({"payload": base64.b64encode(body).decode(), "payloadType": PAYLOAD_TYPE, "signatures": signatures})


def pae(payload_type: str, body: bytes) -> bytes:
    """Return what DSSE signs: its pre-authentication encoding (protocol 1.0.0)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def _encode(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
