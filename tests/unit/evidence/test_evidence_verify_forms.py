"""Malformed parts of a bundle, each refused for its own reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, NOW, Files, Host, told
from stillwatch.evidence import verify
from stillwatch.evidence.bundle import manifest
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.commitments import disclose, open_fields
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), calls=12)


@pytest.fixture
def files(host: Host) -> Files:
    return Files.of(host.bundle())


def policy(host: Host) -> verify.Policy:
    return verify.Policy(host.policy(), "policy")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda n: n.replace("\n12\n", "\n012\n").replace("\n13\n", "\n013\n"), "no checkpoint"),
        (lambda n: n.replace("example.com/log\n", "\n", 1), "no checkpoint"),
        (lambda n: n.removesuffix("\n"), "no whole signature lines"),
        (lambda n: "\n\n" + n.split("\n\n")[1], "no whole signature lines"),
        (lambda n: n + n.splitlines(keepends=True)[-1] * 64, "too many"),
        (lambda n: n + "- example.com/log AAAAAAAA\n", "no signature line"),
        (lambda n: n + "— example.com/log AAAA\n", "no signature line"),
        (lambda n: n + "— example.com/log AAAAAA==\n", "no signature line"),
        (lambda n: "\n".join(line for line in n.split("\n") if not line.endswith("=") or " " in line), "no checkpoint"),
        (
            lambda n: n.split("\n\n")[0] + "\n\n— other.example/log AAAAAAAAAAAA\n",
            "not signed by a key that the policy has",
        ),
    ],
)
def test_a_checkpoint_that_is_none_is_refused(host: Host, change: Callable[[str], str], why: str) -> None:
    with pytest.raises(verify.Refused, match=why):
        verify.Checkpoint(change(str(host.note)).encode(), policy(host), "checkpoint")


def test_a_cosignature_without_a_time_is_refused(host: Host) -> None:
    witness = new_signer("w.example", Algorithm.ED25519_COSIGNATURE)
    note = host.note.signed([witness.sign(host.reader.checkpoint, time=0)])
    with pytest.raises(verify.Refused, match="has no time"):
        verify.Checkpoint(str(note).encode(), verify.Policy(host.policy(witness), "policy"), "checkpoint")


def test_the_first_of_two_cosignatures_by_one_witness_counts(host: Host) -> None:
    witness = new_signer("w.example", Algorithm.ED25519_COSIGNATURE)
    note = host.note.signed([witness.sign(host.reader.checkpoint, time=NOW + i) for i in (5, 2, 9)])
    found = verify.Checkpoint(str(note).encode(), verify.Policy(host.policy(witness), "policy"), "checkpoint")
    assert found.times == {"w0": NOW + 2}


def test_base64_in_a_second_spelling_is_refused() -> None:
    assert verify.unbase64("AA==", "it") == b"\0"
    with pytest.raises(verify.Refused, match="stray bits"):
        verify.unbase64("AB==", "it")


def test_more_than_the_limit_in_all_is_a_bomb(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_ALL", 10_000)
    with pytest.raises(verify.Refused, match="a zip bomb: more than"):
        verify.Verification(files.pack(tmp_path / "b.zip"))


def test_a_manifest_of_another_kind_is_refused(
    files: Files, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "PREDICATE_TYPE", "https://slsa.dev/provenance/v1")
    with pytest.raises(verify.Refused, match=f"not a {verify.TYPES[2]}"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


def test_a_key_twice_in_a_json_file_is_refused() -> None:
    with pytest.raises(verify.Refused, match="it: a key occurs twice"):
        verify.parse(b'{"a":{"b":1,"b":2}}', "it")


@pytest.mark.parametrize("data", [b'[["beacon",1]]', b"[]", b"null", b'"a"'])
def test_a_list_of_pairs_is_no_object(data: bytes) -> None:
    with pytest.raises(verify.Refused, match="it: not a JSON object"):
        verify.parse(data, "it")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"index,account,call", b"index,call,account", "other columns"),
        (b"\n2,", b"\n2,7", "a malformed line"),
        (b"\n2,", b"\n2,-", "malformed"),
        (b"\n2,", b"\n-2,", "a malformed line"),
        (b"\n12,", b"\n99,", "twice, out of order, or not in the log"),
    ],
)
def test_a_list_that_is_malformed_is_refused(
    files: Files, host: Host, tmp_path: Path, *, old: bytes, new: bytes, why: str
) -> None:
    assert old in files.contents["calls.csv"]
    files.contents["calls.csv"] = files.contents["calls.csv"].replace(old, new, 1)
    code, lines = told(files.signed(host.signer).pack(tmp_path / "b.zip"))
    assert code == 1
    assert why in lines[-1]


def test_an_edge_of_an_account_that_is_not_listed_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    files.contents["coordination/edges.csv"] += b"3,address,00\n"
    with pytest.raises(verify.Refused, match="an unlisted account"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"account,signal,observable\n", b"account,signal,observable,bits\n"),
        (b"account,signal,observable\n", b""),
        (b"\n0,address", b"\n9,address,00\n0,address"),
    ],
)
def test_a_list_of_edges_has_its_columns_and_nothing_else(
    files: Files, host: Host, tmp_path: Path, *, old: bytes, new: bytes
) -> None:
    assert old in files.contents["coordination/edges.csv"]
    files.contents["coordination/edges.csv"] = files.contents["coordination/edges.csv"].replace(old, new, 1)
    with pytest.raises(verify.Refused, match=r"edges.csv: (other columns, or cut off|malformed)"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


def test_an_edge_that_is_cut_off_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    # Who reads the file as a table sees one holder more than was counted.
    edges = files.contents["coordination/edges.csv"]
    files.contents["coordination/edges.csv"] = edges + edges.splitlines()[-1]
    with pytest.raises(verify.Refused, match="other columns, or cut off"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


def test_a_field_that_stands_open_and_closed_is_refused(host: Host) -> None:
    ((_, seed, fields),) = host.vault.read([2])
    opening = open_fields(seed, fields, frozenset({"account"}))
    shown = {"index": 2, "disclosures": dict(opening.disclosures), "digests": dict(opening.digests)}
    assert verify.check_opening(shown, host.reader.entry(2), set()) == {"account": fields["account"]}
    shown["digests"] |= {"account": "x"}  # type: ignore[operator]
    with pytest.raises(verify.Refused, match="account stands open and closed at once"):
        verify.check_opening(shown, host.reader.entry(2), set())


@dataclass
class Opened:
    """Openings of made-up entries, as far as the verifier looks at them when it compares them with each other."""

    lines: list[bytes] = field(default_factory=list)
    kept: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, who: int, **fields: Any) -> Opened:
        index = len(self.kept)
        shown = disclose(bytes([index]) * 32, fields)
        digests = {n: base64.urlsafe_b64encode(verify.sha256(d.encode()))[:43].decode() for n, d in shown.items()}
        private = base64.urlsafe_b64encode(verify.sha256(verify.canonical(digests)))[:43].decode()
        self.kept[index] = (who, verify.canonical({"hour": 500_000, "private": private}))
        self.lines.append(json.dumps({"index": index, "disclosures": shown, "digests": {}}).encode())
        return self

    def check(self) -> None:
        found = object.__new__(verify.Verification)
        found.verdicts = {}
        found.bundle = self  # type: ignore[assignment]
        found.counted = self  # type: ignore[assignment]
        found._openings()
        assert found.verdicts["openings"][0] == "VERIFIED"

    @property
    def sizes(self) -> dict[str, int]:
        return {"audit/openings.jsonl": 1}

    def read(self, _name: str) -> bytes:
        return b"\n".join(self.lines)


HOUR = 3_600_000_000


def test_openings_that_agree_are_taken() -> None:
    Opened().add(0, account="a", call_id="1", started_at=500_000 * HOUR).add(1, account="b", call_id="2").check()


@pytest.mark.parametrize(
    ("opened", "why"),
    [
        (Opened().add(0, account="a").add(1, account="a"), "one account counted as two"),
        (Opened().add(0, account="a").add(0, account="b"), "two accounts counted as one"),
        (Opened().add(0, call_id="1").add(1, call_id="1"), "the call of entry 1 is counted twice"),
        (Opened().add(0, started_at=500_001 * HOUR), "entry 0 is of another hour"),
    ],
)
def test_openings_that_contradict_each_other_are_refused(opened: Opened, why: str) -> None:
    with pytest.raises(verify.Refused, match=why):
        opened.check()


def test_an_entry_is_not_opened_in_two_halves(host: Host, tmp_path: Path) -> None:
    files = Files.of(host.bundle(beacon=BEACON, disclose=frozenset({"account", "call_id"})))
    first, *others = [json.loads(line) for line in files.contents["audit/openings.jsonl"].splitlines()]
    every = {n: verify.url_base64(verify.sha256(d.encode())) for n, d in first["disclosures"].items()}
    halves = [
        first | {"disclosures": {n: d}, "digests": first["digests"] | {m: h for m, h in every.items() if m != n}}
        for n, d in first["disclosures"].items()
    ]
    files.contents["audit/openings.jsonl"] = b"".join(json.dumps(o).encode() + b"\n" for o in [*halves, *others])
    with pytest.raises(verify.Refused, match="is opened twice, or shows nothing"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


def test_a_checkpoint_of_another_log_is_no_fork_of_this_one(host: Host) -> None:
    other = new_signer("other.example/log", Algorithm.ED25519)
    theirs = Checkpoint("other.example/log", host.reader.checkpoint.size, bytes(32))
    note = Note(theirs.text, (other.sign(theirs, time=NOW),))
    both = f"log {host.signer.verifier}\nlog {other.verifier}\nquorum none\n"
    found = verify.Verification(host.bundle(), both, seen=str(note).encode())
    assert found.verdicts["seen"][0] == "NOT VERIFIED"


def test_the_sample_s_openings_may_be_of_sampled_entries_only(host: Host, tmp_path: Path) -> None:
    files = Files.of(host.bundle(beacon=BEACON, sample_size=2, disclose=frozenset({"account"})))
    opened = [json.loads(line) for line in files.contents["audit/openings.jsonl"].splitlines()]
    opened[0]["index"] = 1
    files.contents["audit/openings.jsonl"] = b"".join(json.dumps(o).encode() + b"\n" for o in opened)
    code, lines = told(files.signed(host.signer).pack(tmp_path / "b.zip"))
    assert code == 1
    assert "malformed (KeyError: 1)" in lines[-1]
