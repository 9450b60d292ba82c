"""What the host itself, with the log's key, claims beyond its log is refused, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundles import Files, Host, refused, told


@pytest.mark.parametrize("name", ["exchanges", "accounts", "input_tokens", "output_tokens", "first_hour", "last_hour"])
def test_the_host_cannot_claim_other_numbers(files: Files, host: Host, tmp_path: Path, name: str) -> None:
    claim = files.json("claims/volume.json")
    claim["numbers"][name] += 1
    files.put("claims/volume.json", claim)
    # A larger count also draws another sample, which is noticed first.
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), f"{name} is [0-9]+, but the entries|another sample")


def test_the_host_cannot_claim_other_models_or_further_numbers(files: Files, host: Host, tmp_path: Path) -> None:
    claim = files.json("claims/volume.json")
    for number, change in enumerate(({"models": {"large": 11, "small": 1}}, {"people": 7})):
        files.put("claims/volume.json", claim | {"numbers": claim["numbers"] | change})
        refused(files.signed(host.signer).pack(tmp_path / f"{number}.zip"), "but the entries add up to")


def test_the_host_cannot_claim_more_holders_than_edges(files: Files, host: Host, tmp_path: Path) -> None:
    claim = files.json("claims/coordination.json")
    claim["observables"][0]["held_by"] += 1
    files.put("claims/coordination.json", claim)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "other holders than")


def test_an_edge_given_twice_is_counted_once(files: Files, host: Host, tmp_path: Path) -> None:
    lines = files.contents["coordination/edges.csv"].splitlines(keepends=True)
    files.contents["coordination/edges.csv"] = b"".join([*lines, lines[-1]])
    claim = files.json("claims/coordination.json")
    claim["observables"][0]["held_by"] += 1
    files.put("claims/coordination.json", claim)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "other holders than")


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("coordination", {"rests_on": "log"}, "rests on something else"),
        ("volume", {"rests_on": "statement"}, "rests on something else"),
        ("volume", {"limits": []}, "claims/volume.json: wrong"),
        ("attribution", {"claimed": True}, "no attachment"),
        ("training-use", {"claimed": True, "attached": "attached/lab-test"}, "no attachment"),
        ("attribution", {"rung": "volume"}, "claims/attribution.json: wrong"),
    ],
)
def test_a_statement_is_never_passed_off_as_proof(
    files: Files, host: Host, tmp_path: Path, *, name: str, change: dict[str, Any], why: str
) -> None:
    files.put(f"claims/{name}.json", files.json(f"claims/{name}.json") | change)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), why)


@pytest.mark.parametrize(
    ("mark", "evidence", "why"),
    [
        ("observed", [], "which its evidence is not"),
        ("observed", [{"mark": "inferred", "at": "claims/volume.json#/numbers"}], "which its evidence is not"),
        ("observed", [{"mark": "observed", "at": "claims/volume.json#/numbers/people"}], "leads nowhere"),
        ("not claimed", [{"mark": "observed", "at": "claims/volume.json#/numbers"}], "which its evidence is not"),
        ("proved", [], "which its evidence is not"),
        ("corroborated", [{"mark": "corroborated", "at": "claims/volume.json#/numbers"}], "not in tuple"),
        ("corroborated", [], "which its evidence is not"),
        ("corroborated", [{"mark": "inferred", "at": "claims/volume.json#/numbers"}], "which its evidence is not"),
    ],
)
def test_a_head_has_no_better_mark_than_its_evidence(
    files: Files, host: Host, tmp_path: Path, *, mark: str, evidence: list[Any], why: str
) -> None:
    heads = files.json("heads.json")
    heads["heads"][3] |= {"mark": mark, "evidence": evidence, "second_sources": []}
    files.put("heads.json", heads)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), why)


def lied(files: Files, host: Host, out: Path, change: Callable[[list[bytes], list[bytes]], None]) -> Path:
    """Change the list of calls (without its header) and the entries, with no sample drawn, and sign."""
    calls, entries = (files.contents[n].splitlines(keepends=True) for n in ("calls.csv", "leaves/entries.jsonl"))
    change(calls, entries)
    files.contents |= {"calls.csv": b"".join(calls), "leaves/entries.jsonl": b"".join(entries)}
    files.put("audit/sample.json", {"beacon": None, "positions": [], "size": 459})
    return files.signed(host.signer).pack(out)


def test_a_call_listed_twice_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    def twice(calls: list[bytes], entries: list[bytes]) -> None:
        calls.insert(2, calls[1])
        entries.insert(1, entries[0])

    refused(lied(files, host, tmp_path / "b.zip", twice), "twice, out of order, or not in the log")


def test_two_entries_under_one_pseudonym_are_one_call(files: Files, host: Host, tmp_path: Path) -> None:
    def same(calls: list[bytes], _entries: list[bytes]) -> None:
        pseudonym = calls[1].split(b",")[2]
        calls[2] = b",".join([*calls[2].split(b",")[:2], pseudonym])

    refused(lied(files, host, tmp_path / "b.zip", same), "one call is counted twice, as two entries")


def test_a_call_that_was_logged_twice_is_noticed_by_its_commitment(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=6)
    again = host.log([host.reader.entry(2)])
    files = Files.of(host.bundle())

    def both(calls: list[bytes], entries: list[bytes]) -> None:
        calls.append(b"%d,0,%s\n" % (again, b"00" * 16))
        entries.append(entries[0])

    refused(lied(files, host, tmp_path / "b.zip", both), "one commitment twice: the same call, recorded again")


def test_reordered_entries_do_not_lead_to_the_root(files: Files, host: Host, tmp_path: Path) -> None:
    def swap(_calls: list[bytes], entries: list[bytes]) -> None:
        entries[0], entries[1] = entries[1], entries[0]

    refused(lied(files, host, tmp_path / "b.zip", swap), "do not lead to the signed root")


def test_an_entry_that_is_not_in_the_log_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    def foreign(_calls: list[bytes], entries: list[bytes]) -> None:
        entries[3] = entries[3].replace(b'"output_tokens":', b'"output_tokens":9')

    refused(lied(files, host, tmp_path / "b.zip", foreign), "do not lead to the signed root")


def test_an_entry_more_than_the_list_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    def more(_calls: list[bytes], entries: list[bytes]) -> None:
        entries.append(entries[-1])

    refused(lied(files, host, tmp_path / "b.zip", more), "more entries than are counted")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (b'{"completed":false,"hour":1,"kind":"call","model":"m","private":"%s","v":1}\n', "not completed"),
        (b'{"completed":true,"hour":1,"kind":"appeal","model":"m","private":"%s","v":1}\n', "no call"),
        (
            b'{"completed":true,"completed":false,"hour":1,"kind":"call","model":"m","private":"%s","v":1}\n',
            "canonical",
        ),
        (b'{"completed":true,"hour":1, "kind":"call","model":"m","private":"%s","v":1}\n', "not canonical"),
        (b'{"completed":true,"hour":1,"kind":"call","model":"m","private":"","v":1}\n', "no commitment|malformed"),
    ],
)
def test_what_is_no_completed_call_is_not_counted(
    files: Files, host: Host, tmp_path: Path, entry: bytes, why: str
) -> None:
    def put(_calls: list[bytes], entries: list[bytes]) -> None:
        entries[0] = entry % (b"a" * 43) if b"%s" in entry else entry

    refused(lied(files, host, tmp_path / "b.zip", put), why)


def test_an_account_without_calls_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    files.contents["accounts.txt"] += b"ff" * 32 + b"\n"
    refused(lied(files, host, tmp_path / "b.zip", lambda _c, _e: None), "an account without a counted call")


def test_an_account_listed_twice_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    files.contents["accounts.txt"] += files.contents["accounts.txt"].splitlines(keepends=True)[-1]
    refused(lied(files, host, tmp_path / "b.zip", lambda _c, _e: None), "an account twice")


def test_a_checkpoint_that_was_rolled_back_does_not_hold_the_entries(files: Files, tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=6)
    old, before = str(host.note).encode(), Files.of(host.bundle()).predicate["log"]
    host.append(host.entries(range(6, 12)))
    files = Files.of(host.bundle())
    files.contents["log/checkpoint"] = old
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "it speaks of another state of the log")
    files.predicate["log"] = before
    refused(
        files.signed(host.signer).pack(tmp_path / "c.zip"),
        "lead to the signed root|not in the log|more hashes than the tree",
    )


@pytest.mark.parametrize("change", ["swapped", "short", "long", "other"])
def test_a_wrong_proof_is_refused(files: Files, host: Host, tmp_path: Path, change: str) -> None:
    hashes = files.contents["leaves/siblings.bin"]
    assert len(hashes) >= 64
    files.contents["leaves/siblings.bin"] = {
        "swapped": hashes[32:64] + hashes[:32] + hashes[64:],
        "short": hashes[:-32],
        "long": hashes + bytes(32),
        "other": bytes(32) + hashes[32:],
    }[change]
    why = "more hashes than the tree has room for|do not lead to the signed root"
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), why)


def test_the_proof_of_another_bundle_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    other = Files.of(Host(tmp_path / "other", calls=48).bundle())
    files.contents["leaves/siblings.bin"] = other.contents["leaves/siblings.bin"]
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "do not lead to the signed root|more hashes")


def test_notes_of_the_log_under_other_indices_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    (name,) = (n for n in files.contents if re.fullmatch(r"log/[0-9]+\.json", n))
    for other in (int(name[4:-5]) - 1, 10**6):
        moved = Files(dict(files.contents), files.predicate)
        moved.contents[f"log/{other}.json"] = moved.contents.pop(name)
        why = "do not lead to the signed root|has no place of its own"
        refused(moved.signed(host.signer).pack(tmp_path / f"{other}.zip"), why)


def test_a_note_that_the_log_has_not_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    (name,) = (n for n in files.contents if re.fullmatch(r"log/[0-9]+\.json", n))
    files.contents[name] = files.contents[name].replace(b'"v":1', b'"v":2')
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "do not lead to the signed root")


@pytest.mark.parametrize("count", [10**30, -1, 1.5, "many", None])
def test_a_count_that_is_none_is_refused(files: Files, host: Host, tmp_path: Path, count: object) -> None:
    claim = files.json("claims/volume.json")
    claim["numbers"]["exchanges"] = count
    files.put("claims/volume.json", claim)
    refused(
        files.signed(host.signer).pack(tmp_path / "b.zip"),
        "another sample|malformed|but the entries|exchanges in a log of",
    )


def test_words_of_the_host_cannot_forge_lines_of_the_verifier(files: Files, host: Host, tmp_path: Path) -> None:
    heads = files.json("heads.json")
    heads["heads"][0]["head"] = "x\n  coordination  VERIFIED\x1b[2J\u202e"
    files.put("heads.json", heads)
    text = "\n".join(told(files.signed(host.signer).pack(tmp_path / "b.zip"))[1])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if re.match(r" *coordination +VERIFIED", line)]


def test_what_is_not_claimed_is_told_in_the_verifier_s_words(files: Files, host: Host, tmp_path: Path) -> None:
    files.put("claims/attribution.json", files.json("claims/attribution.json") | {"says": "It was Example Ltd."})
    code, lines = told(files.signed(host.signer).pack(tmp_path / "b.zip"))
    assert code == 0
    assert "Example" not in "\n".join(lines)


def test_an_observable_listed_twice_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    claim = files.json("claims/coordination.json")
    claim["observables"].insert(0, claim["observables"][0] | {"held_by": 1_000})
    files.put("claims/coordination.json", claim)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "other holders than")
