"""What somebody without the log's key changes in a bundle fails or means nothing."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundles import Files, Host, refused
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.manifest import PAYLOAD_TYPE, pae
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm

FLIPS = 400
"""Bytes that are flipped in the suite; benchmarks/evidence/flip_bytes.py flips all of them."""


def leaves_of(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from ((at,) if not inner and at else ())
    for key, one in inner:
        yield from leaves_of(one, (*at, key))


def altered(value: Any, at: tuple[Any, ...]) -> Any:
    """Return the document with another value in one place."""
    document = json.loads(json.dumps(value))
    inner = document
    for key in at[:-1]:
        inner = inner[key]
    old = inner[at[-1]]
    if isinstance(old, bool) or old is None:
        inner[at[-1]] = not old
    elif isinstance(old, int | float):
        inner[at[-1]] = old + 1
    else:
        inner[at[-1]] = f"{old}x" if isinstance(old, str) else ["x"]
    return document


def test_a_flipped_byte_fails_or_means_nothing(bundle: Path, tmp_path: Path) -> None:
    good = verify.Verification(bundle)
    data = bundle.read_bytes()
    directory = data.index(b"PK\1\2")
    every = [*random.Random(1).sample(range(directory), FLIPS), *range(directory, len(data), 7)]
    for at in every:
        path = tmp_path / "flipped.zip"
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        try:
            found = verify.Verification(path)
        except (verify.Refused, *verify.BROKEN):
            continue
        assert (found.steps, found.verdicts) == (good.steps, good.verdicts), f"byte {at} changes what is said"
        assert found.manifest["digests"] == good.manifest["digests"], f"byte {at} changes a file"


@pytest.mark.parametrize("name", ["volume", "coordination", "attribution", "training-use"])
def test_every_altered_field_of_a_claim_is_noticed(files: Files, tmp_path: Path, name: str) -> None:
    claim = files.json(f"claims/{name}.json")
    for number, at in enumerate(leaves_of(claim)):
        files.put(f"claims/{name}.json", altered(claim, at))
        refused(files.pack(tmp_path / f"{number}.zip"), f"claims/{name}.json: not the file that was signed")


def test_a_file_more_or_less_is_noticed(files: Files, tmp_path: Path) -> None:
    more = Files({**files.contents, "note.txt": b"trust me"}, files.predicate)
    refused(more.pack(tmp_path / "more.zip"), "it names other files than there are")
    del files.contents["heads.json"]
    refused(files.pack(tmp_path / "less.zip"), "it names other files than there are")


def test_a_manifest_signed_by_somebody_else_is_refused(files: Files, tmp_path: Path) -> None:
    other = new_signer("example.com/log", Algorithm.ED25519)
    refused(files.signed(other).pack(tmp_path / "b.zip"), "manifest.json: not signed by a log key")


def test_a_manifest_that_only_names_the_log_s_key_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    liar = replace(new_signer("example.com/log", Algorithm.ED25519), verifier=host.signer.verifier)
    why = "manifest.json: the signature by example.com/log does not hold"
    refused(files.signed(liar).pack(tmp_path / "b.zip"), why)


def test_a_manifest_in_another_spelling_is_refused(files: Files, tmp_path: Path) -> None:
    files.contents["manifest.json"] = json.dumps(json.loads(files.contents["manifest.json"]), indent=1).encode()
    refused(files.pack(tmp_path / "b.zip"), "not canonical DSSE")


def test_a_manifest_is_signed_with_an_ed25519_key(files: Files, host: Host, tmp_path: Path) -> None:
    # Another kind of key of the same log signs checkpoints only: each kind signs what its format says, and no more.
    other = new_signer("example.com/log", Algorithm.ML_DSA_44_COSIGNATURE)
    body = base64.b64decode(files.json("manifest.json")["payload"])
    signature = other.private_key.sign(pae(PAYLOAD_TYPE, body))
    sole = {"keyid": other.verifier.key_id.hex(), "sig": base64.b64encode(signature).decode()}
    envelope = files.json("manifest.json") | {"signatures": [sole]}
    files.contents["manifest.json"] = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()
    path, both = files.pack(tmp_path / "b.zip"), f"log {host.signer.verifier}\nlog {other.verifier}\nquorum none\n"
    with pytest.raises(verify.Refused, match=r"manifest\.json: not signed by a log key of the policy"):
        verify.Verification(path, both)
