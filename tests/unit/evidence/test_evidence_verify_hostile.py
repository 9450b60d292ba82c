"""What a liar or an attacker does to a bundle is refused, with the reason."""

from __future__ import annotations

import base64
import json
import random
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, Files, Host, told
from stillwatch.evidence import verify
from stillwatch.evidence.commitments import SALT_BYTES
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm

FLIPS = 400
"""Bytes that are flipped in the suite; benchmarks/evidence/flip_bytes.py flips all of them."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    host = Host(tmp_path_factory.mktemp("host"), calls=24)
    host.fix_list()
    return host


@pytest.fixture(scope="module")
def bundle(host: Host) -> Path:
    return host.bundle(beacon=BEACON, disclose=frozenset({"account", "call_id"}))


@pytest.fixture
def files(bundle: Path) -> Files:
    return Files.of(bundle)


def refused(path: Path, why: str) -> None:
    code, lines = told(path)
    assert (code, lines[-1][:9]) == (1, "REFUSED: ")
    assert re.search(why, lines[-1]), lines[-1]


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


# -- a stranger, without the log's key ---------------------------------------------------------------------------------


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


# -- the host itself, with the log's key -------------------------------------------------------------------------------


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


def test_another_sample_than_the_beacon_draws_is_refused(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=200)
    files = Files.of(host.bundle(beacon=BEACON, sample_size=59))
    sample = files.json("audit/sample.json")
    files.put("audit/sample.json", sample | {"beacon": sha256(b"a value that suits").hexdigest()})
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "another sample than the beacon value draws")


@pytest.mark.parametrize("change", [{"size": 10**9}, {"size": 0}, {"beacon": "ab"}, {"beacon": 7}, {"size": "x"}])
def test_a_sample_of_senseless_size_or_value_is_refused(
    files: Files, host: Host, tmp_path: Path, change: dict[str, Any]
) -> None:
    files.put("audit/sample.json", files.json("audit/sample.json") | change)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "no beacon, or size|malformed|another sample")


def openings(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files.contents["audit/openings.jsonl"].splitlines()]


def put_openings(files: Files, opened: list[dict[str, Any]]) -> None:
    files.contents["audit/openings.jsonl"] = b"".join(json.dumps(o).encode() + b"\n" for o in opened)


def test_an_opening_with_another_value_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    salt, name, _ = json.loads(base64.urlsafe_b64decode(opened[0]["disclosures"]["account"] + "=="))
    lie = base64.urlsafe_b64encode(json.dumps([salt, name, "somebody"]).encode()).rstrip(b"=").decode()
    opened[0]["disclosures"]["account"] = lie
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "not what the entry committed to")


def test_openings_of_other_entries_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    opened[0]["index"], opened[1]["index"] = opened[1]["index"], opened[0]["index"]
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "not what the entry committed to")


def test_a_salt_used_twice_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    put_openings(files, [*opened, opened[0]])
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "a salt is used twice")


def test_a_short_salt_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    salt = base64.urlsafe_b64encode(bytes(SALT_BYTES - 4)).rstrip(b"=").decode()
    short = base64.urlsafe_b64encode(json.dumps([salt, "account", "a"]).encode()).rstrip(b"=").decode()
    opened[0]["disclosures"]["account"] = short
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "its salt too short")


def test_openings_that_show_one_account_as_two_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    lines = files.contents["calls.csv"].splitlines(keepends=True)
    for at in range(1, 4):
        index, account, call = lines[at].split(b",")
        lines[at] = b",".join([index, b"%d" % ((int(account) + 1) % 3), call])
    files.contents["calls.csv"] = b"".join(lines)
    volume = files.json("claims/volume.json")
    digest = sha256(files.contents["calls.csv"]).hexdigest()
    drawn = verify.draw(BEACON, "example.com/log", digest, count=volume["numbers"]["exchanges"], size=459)
    files.put("audit/sample.json", files.json("audit/sample.json") | {"positions": sorted(drawn)})
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "one account counted as two")


# -- the container -----------------------------------------------------------------------------------------------------


def packed(out: Path, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(out, "w") as zipped:
        for info, data in members:
            zipped.writestr(info, data)
    return out


def member(name: str, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, method
    return info


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "a//b", "a\\b", "C:x", "a/.hidden", "x\n", "ä", "a/"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    refused(packed(tmp_path / "b.zip", [(member(name), b"x")]), "could lead out of a folder|link, folder|malformed")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFCHR | 0o644, 0o100666, 0])
def test_links_folders_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x", mode), b"x")]), "a link, folder or device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x"), b"1"), (member("x"), b"2")]), "a file name occurs twice")


def test_names_out_of_order_are_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("y"), b"1"), (member("x"), b"2")]), "not in order")


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x"), bytes(50_000_000))]), "a zip bomb")


def test_a_bomb_of_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_FILES", 3)
    refused(packed(tmp_path / "b.zip", [(member(f"x{i}"), b"") for i in range(4)]), "4 files, more than 3")


def test_a_size_that_lies_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.index(b"PK\1\2")
    struct.pack_into("<L", data, at + 24, 5)
    path = tmp_path / "b.zip"
    path.write_bytes(data)
    refused(path, "zip headers that disagree|zip bomb")


@pytest.mark.parametrize("where", ["front", "end", "comment"])
def test_hidden_bytes_are_refused(bundle: Path, tmp_path: Path, where: str) -> None:
    data, path = bundle.read_bytes(), tmp_path / "b.zip"
    if where == "comment":
        path.write_bytes(data)
        with zipfile.ZipFile(path, "a") as zipped:
            zipped.comment = b"read me"
    else:
        path.write_bytes(b"#!/bin/sh\n" + data if where == "front" else data + b"x")
    refused(path, "hides bytes|headers that disagree|malformed")


def test_another_way_of_packing_is_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x", method=zipfile.ZIP_LZMA), b"x" * 100)]), "packed in another way")


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"x" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_bundle_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(data)
    refused(path, "malformed|is missing")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.zip", "FileNotFoundError")


@pytest.mark.parametrize(
    "data", [b"[" * 4_000, b'{"payload":1', b'{"a":1,"a":2}', b"null", b"\xff", b'{"payload":1e999}'], ids=range(6)
)
def test_a_manifest_that_is_none_is_refused(files: Files, tmp_path: Path, data: bytes) -> None:
    files.contents["manifest.json"] = data
    refused(files.pack(tmp_path / "b.zip"), "malformed|a key occurs twice|not a JSON object")


def test_a_json_file_of_unreasonable_size_is_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MAX_JSON", 10)
    monkeypatch.setattr(verify.Bundle.read, "__defaults__", (10,))
    refused(files.pack(tmp_path / "b.zip"), "larger than 10 bytes")


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


def test_a_sample_too_small_to_prove_anything_is_not_verified(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=200)
    host.fix_list()
    path = host.bundle(beacon=BEACON, sample_size=5, whole=False, recorded=host.stamped())
    found = verify.Verification(path, stamped=True).verdicts
    assert found["sample"] == ("NOT VERIFIED", "5 drawn: too few to prove anything; draw your own")
    assert found["volume"][0] == "NOT VERIFIED"
