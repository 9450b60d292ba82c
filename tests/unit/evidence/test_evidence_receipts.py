"""Receipts: an account's own calls hold, and nothing that was altered does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evidence_calls import calls, open_book

from stillwatch.errors import EvidenceError
from stillwatch.evidence.commitments import digest
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.opened import open_log
from stillwatch.evidence.receipts import make_receipt, verify_receipt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 300)])
    return tmp_path / "evidence"


@pytest.fixture
def receipt(folder: Path) -> dict[str, Any]:
    opened = open_log(folder)
    made: dict[str, Any] = json.loads(make_receipt(opened, opened.vault.find("call_id", "c6")))
    return made


def check(receipt: object) -> object:
    return verify_receipt(json.dumps(receipt).encode())


def test_an_account_s_calls_are_all_there_and_hold(folder: Path) -> None:
    opened = open_log(folder)
    made = make_receipt(opened, opened.vault.find("account", "a1"))
    for keys in ((), opened.keys.current):
        held = verify_receipt(made, keys)
        assert [c.index for c in held.calls] == list(range(2, 301, 2))
        assert {c.private["account"] for c in held.calls} == {"a1"}
        assert held.calls[3].public["output_tokens"] == 7
        assert held.keys == opened.keys.current


def test_a_field_may_stay_closed(receipt: dict[str, Any]) -> None:
    call = receipt["calls"][0]
    call["digests"]["account"] = digest(call["disclosures"].pop("account"))
    held = verify_receipt(json.dumps(receipt).encode()).calls[0]
    assert held.closed == ("account",)
    assert held.private["call_id"] == "c6"
    assert "account" not in held.private


def swap(disclosures: dict[str, str]) -> None:
    disclosures["account"], disclosures["call_id"] = disclosures["call_id"], disclosures["account"]


ALTERED: dict[str, Any] = {
    "the entry": lambda r: r["calls"][0].update(entry=r["calls"][0]["entry"].replace("6,", "7,")),
    "the index": lambda r: r["calls"][0].update(index=8),
    "the proof": lambda r: r["calls"][0]["proof"].reverse(),
    "a proof too short": lambda r: r["calls"][0]["proof"].pop(),
    "a value": lambda r: r["calls"][0]["disclosures"].update(account="WyJ4IiwiYWNjb3VudCIsImIiXQ"),
    "a field left out": lambda r: r["calls"][0]["disclosures"].pop("account"),
    "a field added": lambda r: r["calls"][0]["digests"].update(extra="x"),
    "two names swapped": lambda r: r["calls"][0].update(
        disclosures=dict(
            zip(r["calls"][0]["disclosures"], reversed(r["calls"][0]["disclosures"].values()), strict=True)
        )
    ),
    "the root": lambda r: r.update(checkpoint=r["checkpoint"].replace("\n301\n", "\n300\n")),
    "the origin": lambda r: r.update(origin="other"),
    "another key": lambda r: r.update(vkeys=[str(new_signer(r["origin"], Algorithm.ED25519).verifier)]),
    "the call twice": lambda r: r["calls"].append(r["calls"][0]),
    "no call": lambda r: r.update(calls=[]),
    "a field of the file": lambda r: r.update(more=1),
    "a type": lambda r: r["calls"][0].update(index="7"),
    "a boolean index": lambda r: r["calls"][0].update(index=True),
    "a proof of numbers": lambda r: r["calls"][0].update(proof=[1]),
    "the format": lambda r: r.update(format="stillwatch.receipt/2"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_receipt_is_refused(receipt: dict[str, Any], what: str) -> None:
    check(receipt)
    ALTERED[what](receipt)
    with pytest.raises(EvidenceError):
        check(receipt)


def test_an_entry_that_is_no_call_is_refused(receipt: dict[str, Any], folder: Path) -> None:
    opened = open_log(folder)
    call = receipt["calls"][0]
    call["index"], call["entry"] = 0, opened.reader.entry(0).decode()
    call["proof"] = opened.proof(0).split("\n\n", 1)[0].splitlines()[2:]
    with pytest.raises(EvidenceError, match="not a call"):
        check(receipt)


def test_given_keys_count_and_those_in_the_file_do_not(receipt: dict[str, Any]) -> None:
    other = new_signer(receipt["origin"], Algorithm.ED25519).verifier
    with pytest.raises(EvidenceError, match="none of the known keys"):
        verify_receipt(json.dumps(receipt).encode(), [other])


def test_what_was_erased_has_no_receipt(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 3)])
        book.erase([1], reason="x")
    opened = open_log(tmp_path / "evidence")
    with pytest.raises(EvidenceError, match="erased"):
        make_receipt(opened, opened.vault.find("call_id", "c0"))
    with pytest.raises(EvidenceError, match="erased"):
        make_receipt(opened, [1])


def test_rows_whose_entries_are_not_in_the_log_yet_are_left_out(folder: Path) -> None:
    opened = open_log(folder)
    assert len(verify_receipt(make_receipt(opened, [7, 301])).calls) == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff"])
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="a receipt"):
        verify_receipt(data)
