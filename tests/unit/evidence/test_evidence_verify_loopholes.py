"""What a host with the log's key could slip past a verifier that reads more loosely than others do."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, CAMPAIGN, NOW, Files, Host, told
from stillwatch.evidence import verify
from stillwatch.evidence.bundle import manifest
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.entries import event_entry
from stillwatch.evidence.multiproof import prove_many
from stillwatch.evidence.notes import Note
from stillwatch.evidence.tree import leaf_hashes, perfect_root


@pytest.fixture
def files(host: Host) -> Files:
    return Files.of(host.bundle(beacon=BEACON, disclose=frozenset({"account", "call_id"})))


def refused(files: Files, host: Host, folder: Path) -> str:
    """Sign, pack, check; return why it was refused."""
    code, lines = told(files.signed(host.signer).pack(folder / f"{len(list(folder.iterdir()))}.zip"))
    assert code == 1
    assert lines[-1].startswith("REFUSED: ")
    return lines[-1]


def redraw(files: Files) -> None:
    """Draw the sample of the list of calls as it is now."""
    digest, count = sha256(files.contents["calls.csv"]).hexdigest(), files.predicate["exchanges"]
    drawn = verify.draw(BEACON, "example.com/log", digest, count=count, size=459)
    files.put("audit/sample.json", files.json("audit/sample.json") | {"positions": sorted(drawn)})


@pytest.mark.parametrize("last", [False, True], ids=["beyond the log", "where an entry is already"])
def test_a_note_that_the_tree_has_no_place_for_is_refused(tmp_path: Path, *, last: bool) -> None:
    # Such a note would say that the log had fixed list and value, and no hash would contradict it.
    other = Host(tmp_path / "host", calls=24)
    files = Files.of(other.bundle(beacon=BEACON))
    digest = sha256(files.contents["calls.csv"]).hexdigest()
    note = event_entry("claim", {"campaign": CAMPAIGN, "calls": digest, "draws": "any value", "exchanges": 12})
    at = other.reader.checkpoint.size - 1 if last else other.reader.checkpoint.size + 1
    files.contents[f"log/{at}.json"] = note
    assert f"entry {at} has no place of its own in the log" in refused(files, other, tmp_path)


def test_two_values_announced_for_one_list_draw_no_sample(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=24)
    host.fix_list()
    digest = sha256(Files.of(host.bundle()).contents["calls.csv"]).hexdigest()
    host.log([event_entry("claim", {"campaign": CAMPAIGN, "calls": digest, "draws": "another", "exchanges": 12})])
    found = verify.Verification(host.bundle(beacon=BEACON, recorded=host.stamped()), stamped=True)
    assert found.verdicts["sample"][0] == "NOT VERIFIED"
    assert "several values" in found.verdicts["sample"][1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0,", "00,"),
        ("0,", "+0,"),
        ("0,", " 0,"),
        ("0,", "-1,"),
        ("0,", "0_0,"),
        ("0,", "\u0660,"),
        (",address,", ",A,"),
    ],
)
def test_an_edge_in_another_spelling_is_no_second_edge(
    files: Files, host: Host, tmp_path: Path, *, old: str, new: str
) -> None:
    edges = files.contents["coordination/edges.csv"].decode()
    line = re.search("^0,address,.*\n", edges, flags=re.MULTILINE)
    assert line is not None
    files.contents["coordination/edges.csv"] = (edges + line[0].replace(old, new)).encode()
    claim = files.json("claims/coordination.json")
    claim["observables"][0]["held_by"] += 1
    files.put("claims/coordination.json", claim)
    assert re.search("edges.csv: malformed|other holders than", refused(files, host, tmp_path))


@pytest.mark.parametrize("spelling", ["+{}", "0{}", " {}", "{}_0", "\u0661{}", "{}.0"])
@pytest.mark.parametrize("column", [0, 1])
def test_a_number_in_another_spelling_is_refused(
    files: Files, host: Host, tmp_path: Path, *, spelling: str, column: int
) -> None:
    lines = files.contents["calls.csv"].decode().splitlines()
    row = lines[2].split(",")
    row[column] = spelling.format(row[column])
    lines[2] = ",".join(row)
    files.contents["calls.csv"] = "".join(f"{line}\n" for line in lines).encode()
    redraw(files)
    assert "a malformed line" in refused(files, host, tmp_path)


@pytest.mark.parametrize("more", [b"and 24,000 more accounts", b"\n", b"FF" * 32 + b"\n", "é\n".encode()])
def test_the_list_of_accounts_holds_pseudonyms_and_nothing_else(
    files: Files, host: Host, tmp_path: Path, more: bytes
) -> None:
    files.contents["accounts.txt"] += more
    assert "accounts.txt: not a pseudonym a line" in refused(files, host, tmp_path)


def test_an_entry_is_opened_once_and_shows_something(files: Files, host: Host, tmp_path: Path) -> None:
    opened = json.loads(files.contents["audit/openings.jsonl"].splitlines()[0])
    for name, disclosure in opened.pop("disclosures").items():
        digest = base64.urlsafe_b64encode(sha256(disclosure.encode()).digest()).rstrip(b"=").decode()
        opened["digests"][name] = digest
    closed = json.dumps(opened | {"disclosures": {}}).encode() + b"\n"
    files.contents["audit/openings.jsonl"] += closed
    assert "is opened twice, or shows nothing" in refused(files, host, tmp_path)
    files.contents["audit/openings.jsonl"] = closed
    assert "is opened twice, or shows nothing" in refused(files, host, tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("claims/coordination.json#/numbers/bits", id="a number that the host states"),
        pytest.param("claims/volume.json#/method", id="a sentence of the host"),
    ],
)
def test_what_rests_on_a_statement_is_not_observed(files: Files, host: Host, tmp_path: Path, place: str) -> None:
    heads = files.json("heads.json")
    evidence = [{"mark": "observed", "at": place}]
    heads["heads"][2] |= {"mark": "observed", "evidence": evidence, "second_sources": []}
    files.put("heads.json", heads)
    assert "rests on a statement, so nobody observed it" in refused(files, host, tmp_path)


def test_an_entry_of_another_version_is_no_call() -> None:
    entry = b'{"completed":true,"hour":1,"kind":"call","model":"m","private":"%s","v":2}' % (b"a" * 43)
    with pytest.raises(verify.Refused, match="no call, but counted as one"):
        verify.check_call(entry, 0)


@pytest.mark.parametrize(
    "change", [{"size": 0}, {"size": -1}, {"size": 6906}, {"beacon": "ab"}, {"beacon": BEACON.upper()}]
)
def test_no_sample_is_drawn_of_a_senseless_size_or_by_no_value(
    files: Files, host: Host, tmp_path: Path, change: dict[str, Any]
) -> None:
    files.put("audit/sample.json", files.json("audit/sample.json") | {"positions": []} | change)
    assert "no beacon, or size" in refused(files, host, tmp_path)


def test_a_number_in_another_spelling_draws_no_second_sample(tmp_path: Path) -> None:
    # Modulo 200.0 the same beacon value draws other calls than modulo 200: a host could choose between the two.
    host = Host(tmp_path / "host", calls=400)
    files = Files.of(host.bundle(beacon=BEACON, sample_size=59))
    digest = sha256(files.contents["calls.csv"]).hexdigest()
    drawn = verify.draw(BEACON, "example.com/log", digest, count=200.0, size=59)  # type: ignore[arg-type]
    files.predicate["exchanges"] = 200.0
    sample = files.json("audit/sample.json")
    assert sorted(drawn) != sample["positions"]
    files.put("audit/sample.json", sample | {"positions": sorted(map(int, drawn))})
    (tmp_path / "out").mkdir()
    assert "another sample than the beacon value draws" in refused(files, host, tmp_path / "out")


@pytest.mark.parametrize("tokens", [b"Infinity", b"-5", b"1.5", b"true", b'"9"', b"null", b"1e3"])
def test_tokens_that_are_no_whole_number_are_refused(tokens: bytes) -> None:
    entry = b'{"completed":true,"hour":1,"input_tokens":%s,"kind":"call","model":"m","private":"%s","v":1}'
    verify.check_call(entry % (b"7", b"a" * 43), 0)
    with pytest.raises(verify.Refused, match=r"no whole number|not canonical"):
        verify.check_call(entry % (tokens, b"a" * 43), 0)


@pytest.mark.parametrize(("name", "value"), [("exchanges", 12.0), ("accounts", 3.0), ("exchanges", "12")])
def test_a_claim_says_a_number_as_the_entries_do(
    files: Files, host: Host, tmp_path: Path, *, name: str, value: object
) -> None:
    claim = files.json("claims/volume.json")
    claim["numbers"][name] = value
    files.put("claims/volume.json", claim)
    assert f"{name} is {value}, but the entries add up to" in refused(files, host, tmp_path)


def test_the_manifest_cannot_say_another_number(files: Files, host: Host, tmp_path: Path) -> None:
    files.put("audit/sample.json", {"beacon": None, "positions": [], "size": 459})
    files.contents["audit/openings.jsonl"] = b""
    files.predicate["exchanges"] = 16_000_000
    assert "manifest.json: another number of exchanges" in refused(files, host, tmp_path)


def test_the_manifest_cannot_speak_of_another_state_of_the_log(files: Files, host: Host, tmp_path: Path) -> None:
    files.predicate["log"]["size"] += 1
    assert "it speaks of another state of the log" in refused(files, host, tmp_path)


def resigned(files: Files, host: Host, change: Callable[[dict[str, Any]], object], kind: str = "") -> Files:
    """Sign the manifest after another change of its statement, or as a payload of another kind."""
    signed = files.signed(host.signer)
    statement = json.loads(base64.b64decode(json.loads(signed.contents["manifest.json"])["payload"]))
    change(statement)
    body, kind = json.dumps(statement).encode(), kind or manifest.PAYLOAD_TYPE
    signature = host.signer.private_key.sign(manifest.pae(kind, body))
    keyid = host.signer.verifier.key_id.hex()
    payload, sig = (base64.b64encode(one).decode() for one in (body, signature))
    envelope = {"payload": payload, "payloadType": kind, "signatures": [{"keyid": keyid, "sig": sig}]}
    signed.contents["manifest.json"] = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()
    return signed


def test_the_manifest_names_each_file_once(files: Files, host: Host, tmp_path: Path) -> None:
    twice = resigned(files, host, lambda s: s["subject"].append({**s["subject"][0], "digest": {"sha256": "00" * 32}}))
    assert "other files than there are" in told(twice.pack(tmp_path / "b.zip"))[1][-1]


@pytest.mark.parametrize("type_name", ["https://in-toto.io/Statement/v0.1", ""])
def test_the_manifest_is_a_statement_of_this_type(files: Files, host: Host, tmp_path: Path, type_name: str) -> None:
    other = resigned(files, host, lambda s: s.update(_type=type_name))
    assert "manifest.json: not a" in told(other.pack(tmp_path / "b.zip"))[1][-1]


def test_a_payload_of_another_kind_is_no_manifest(files: Files, host: Host, tmp_path: Path) -> None:
    other = resigned(files, host, lambda _: None, kind="text/plain")
    assert "not canonical DSSE of an in-toto statement" in told(other.pack(tmp_path / "b.zip"))[1][-1]


def test_names_that_differ_by_case_only_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    # Unpacked on Windows or macOS one would overwrite the other.
    files.contents["summary.html"] = b"another page"
    assert "a file name occurs twice" in refused(files, host, tmp_path)


def test_a_campaign_without_calls_is_no_claim(files: Files, host: Host, tmp_path: Path) -> None:
    files.contents |= {"calls.csv": b"index,account,call\n", "accounts.txt": b"", "leaves/entries.jsonl": b""}
    files.put("audit/sample.json", {"beacon": None, "positions": [], "size": 459})
    assert "accounts.txt: not a pseudonym a line" in refused(files, host, tmp_path)


def test_a_note_has_no_control_characters(host: Host) -> None:
    policy = verify.Policy(host.policy(), "policy")
    note = str(host.note).replace("\n\n", "\nextension\x1b[2J\n\n")
    with pytest.raises(verify.Refused, match="a control character"):
        verify.Checkpoint(note.encode(), policy, "checkpoint")


def test_an_extension_line_that_nobody_signed_is_refused(host: Host) -> None:
    note = str(host.note).replace("\n\n", "\nsize 1000000\n\n")
    with pytest.raises(verify.Refused, match="does not hold"):
        verify.Checkpoint(note.encode(), verify.Policy(host.policy(), "policy"), "checkpoint")


def test_a_separator_that_is_no_line_end_ends_no_line_of_a_policy(host: Host) -> None:
    hidden = f"# mine\u2028log {host.signer.verifier}\u0085quorum none\nquorum none\n"
    with pytest.raises(verify.Refused, match="no log"):
        verify.Policy(hidden, "policy")


def test_a_vkey_whose_id_is_not_that_of_the_key_is_refused(host: Host) -> None:
    name, key_id, key = str(host.signer.verifier).split("+", 2)
    other = f"{int(key_id, 16) ^ 1:08x}"
    with pytest.raises(verify.Refused, match="of unknown type, or altered"):
        verify.Key(f"{name}+{other}+{key}", (1, 6))


def test_a_checkpoint_of_another_size_is_told_to_prove_nothing(host: Host) -> None:
    checkpoint = Checkpoint("example.com/log", 3, sha256(b"earlier").digest())
    note = Note(checkpoint.text, (host.signer.sign(checkpoint, time=NOW),))
    found = verify.Verification(host.bundle(), seen=str(note).encode())
    verdict, why = found.verdicts["seen"]
    assert verdict == "NOT VERIFIED"
    assert why == "yours is of 3 entries of example.com/log; only two of one size can be compared here"
    assert verify.Verification(host.bundle(), seen=str(host.note).encode()).verdicts["seen"][0] == "VERIFIED"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 32, 33, 64])
def test_a_proof_that_is_cut_off_anywhere_leads_to_another_root(size: int) -> None:
    entries = [b"entry %d" % i for i in range(size)]
    hashes = leaf_hashes(entries)

    def subtree(level: int, index: int) -> bytes:
        return perfect_root(hashes[index << level : (index + 1) << level])

    whole = verify.root_of(enumerate(entries), io.BufferedReader(io.BytesIO()), size)
    for index in range(size):
        proof = b"".join(prove_many([index], size, subtree))
        assert verify.root_of([(index, entries[index])], io.BufferedReader(io.BytesIO(proof)), size) == whole
        for cut in range(len(proof)):
            short = io.BufferedReader(io.BytesIO(proof[:cut]))
            assert verify.root_of([(index, entries[index])], short, size) != whole
