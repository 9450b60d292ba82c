"""Receipts: an account holder's own calls, opened, with proof that they are in the log.

One JSON file: the log's keys, a checkpoint, and of each call its index, entry, inclusion proof and openings. It proves
that the operator recorded these values no later than the checkpoint was made; not that they are true, nor that
nothing else was recorded.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from stillwatch.errors import EvidenceError
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.commitments import Opening, Value, open_fields, verify_opening
from stillwatch.evidence.entries import VERSION
from stillwatch.evidence.notes import VerifierKey, decode_base64
from stillwatch.evidence.opened import OpenedLog
from stillwatch.evidence.tree import leaf_hash, verify_inclusion

FORMAT = "stillwatch.receipt/1"


@dataclass(frozen=True, slots=True)
class ReceiptCall:
    """One call of a receipt: its place in the log, what its entry says aloud, and what it was opened to say."""

    index: int
    public: dict[str, Any]
    private: dict[str, Value]
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that holds; ``keys`` are those it was checked with."""

    checkpoint: Checkpoint
    keys: tuple[VerifierKey, ...]
    calls: tuple[ReceiptCall, ...]


def make_receipt(log: OpenedLog, indices: Sequence[int]) -> bytes:
    """Make the receipt of these calls; rows of a batch that is not in the log yet are left out.

    Raises EvidenceError if none is left, or one was erased.
    """
    mine = [i for i in indices if i < log.reader.checkpoint.size]
    if not mine:
        raise EvidenceError("no call of that name can be opened: it was never logged here, or it was erased")
    calls = []
    for index, seed, fields in log.vault.read(mine):
        opening = open_fields(seed, fields, frozenset(fields))
        calls.append(
            {
                "index": index,
                "entry": log.reader.entry(index).decode(),
                "proof": [base64.b64encode(h).decode() for h in log.reader.prove(index)],
                "disclosures": opening.disclosures,
                "digests": opening.digests,
            }
        )
    receipt = {
        "format": FORMAT,
        "origin": log.keys.origin,
        "vkeys": [str(k) for k in log.keys.every],
        "checkpoint": log.note,
        "calls": calls,
    }
    return orjson.dumps(receipt, option=orjson.OPT_INDENT_2) + b"\n"


def verify_receipt(data: bytes, keys: Sequence[VerifierKey] = ()) -> Receipt:
    """Check a receipt with these keys, or with those in it where none are given (then it only proves itself).

    Raises EvidenceError, naming the step, if anything in it does not hold.
    """
    # 1. The file has the form of a receipt.
    fields = _read(data)
    # 2. The checkpoint is signed by the log's key.
    known = tuple(keys) or tuple(VerifierKey.parse(text) for text in fields["vkeys"])
    checkpoint, _ = open_checkpoint(fields["checkpoint"].encode(), known)
    if checkpoint.origin != fields["origin"]:
        raise EvidenceError(f"a receipt of {fields['origin']}: its checkpoint is of {checkpoint.origin}")
    # 3. Each entry is in that log at its index; no index twice.
    # 4. Each opening leads to what the entry commits to.
    calls = tuple(_verify_call(call, checkpoint) for call in fields["calls"])
    if len({c.index for c in calls}) != len(calls) or not calls:
        raise EvidenceError("a receipt: without calls, or with one call twice")
    return Receipt(checkpoint, known, calls)


def _read(data: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        raise EvidenceError(f"a receipt: not JSON: {problem}") from None
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise EvidenceError(f"a receipt: not of the format {FORMAT}")
    wanted: dict[str, type] = {"format": str, "origin": str, "vkeys": list, "checkpoint": str, "calls": list}
    _check_shape(fields, wanted, what="a receipt")
    if not all(isinstance(key, str) for key in fields["vkeys"]):
        raise EvidenceError("a receipt: a vkey that is no text")
    return fields


def _verify_call(call: Any, checkpoint: Checkpoint) -> ReceiptCall:
    wanted: dict[str, type] = {"index": int, "entry": str, "proof": list, "disclosures": dict, "digests": dict}
    _check_shape(call, wanted, what="a receipt's call")
    index, entry, what = call["index"], call["entry"].encode(), f"entry {call['index']}"
    texts = [*call["proof"], *call["disclosures"].values(), *call["digests"].values()]
    if not all(isinstance(text, str) for text in texts):
        raise EvidenceError(f"{what}: a proof or an opening that is no text")
    proof = [decode_base64(text, what=f"{what}: its proof") for text in call["proof"]]
    verify_inclusion(leaf_hash(entry), index=index, size=checkpoint.size, proof=proof, root=checkpoint.root)
    public = parse_canonical(entry)
    if not isinstance(public, dict) or public.get("kind") != "call" or public.get("v") != VERSION:
        raise EvidenceError(f"{what}: in the log, but not a call of format {VERSION}")
    opening = Opening(call["disclosures"], call["digests"])
    return ReceiptCall(index, public, verify_opening(opening, public["private"]), tuple(sorted(opening.digests)))


def _check_shape(value: Any, wanted: dict[str, type], *, what: str) -> None:
    if not isinstance(value, dict) or set(value) != set(wanted):
        raise EvidenceError(f"{what}: has not exactly the fields {', '.join(wanted)}")
    for name, kind in wanted.items():
        if type(value[name]) is not kind:
            raise EvidenceError(f"{what}: {name} is no {kind.__name__}")
