"""An entry with everything a stranger needs to check it: its leaves, what opens them, and their proofs."""

from __future__ import annotations

import json
from typing import Any

from stillwatch.evidence.commitments import open_fields
from stillwatch.evidence.proofs import LogProof
from stillwatch.evidence.quorum import NONE
from stillwatch.registry.publication import Publication
from stillwatch.registry.records import FIELD, Leaf, Record

FORMAT = "stillwatch.register-entry/1"


def entry_file(record: Record, publication: Publication) -> str:
    """Return the file as JSON; ``verify_register.py`` checks it."""
    checkpoint = publication.checkpoint
    said = {
        "format": FORMAT,
        "register": publication.about.title,
        "origin": publication.origin,
        "entry": record.name,
        "checkpoint": checkpoint,
        "leaves": [_leaf(leaf, checkpoint.encode(), publication) for leaf in record.leaves],
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def policy_file(publication: Publication) -> str:
    """Return the log's keys as a tlog-policy without witnesses: what a reader starts from, and compares."""
    keys = "".join(f"log {key}\n" for key in publication.opened.log.keys.every)
    return f"{keys}quorum {NONE}\n"


def actors_file(publication: Publication) -> str:
    """Return the keys that signed what is public, a vkey a line: what a reader compares with the people's own word."""
    keys = {leaf.signed.key for record in publication.records for leaf in record.leaves if leaf.signed}
    return "".join(f"{key}\n" for key in sorted(keys - {""}))


def _leaf(leaf: Leaf, checkpoint: bytes, publication: Publication) -> dict[str, Any]:
    proof = LogProof(leaf.index, tuple(publication.opened.log.reader.prove(leaf.index)), checkpoint)
    said: dict[str, Any] = {"index": leaf.index, "leaf": leaf.raw.decode(), "proof": bytes(proof).decode()}
    if leaf.signed is None:
        return said | {"erased": True}
    opening = open_fields(leaf.seed, leaf.private, frozenset({FIELD}))
    return said | {"disclosures": dict(opening.disclosures), "digests": dict(opening.digests)}
