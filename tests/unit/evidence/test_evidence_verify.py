"""The verifier stands alone, says what it found and what it did not, and knows the published answers."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bundles import BEACON, CAMPAIGN, NOW, Files, Host, told
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.manifest import pae
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.entries import event_entry
from stillwatch.evidence.keys import Signer, new_signer
from stillwatch.evidence.notes import Algorithm, Note

SOURCE = Path(verify.__file__)
MAX_CODE = 473
"""Lines of code, without blank lines and docstrings: what a stranger reads in an hour before trusting it."""


@pytest.fixture(scope="module")
def bundle(host: Host) -> Path:
    opened = frozenset({"account", "call_id", "started_at"})
    return host.bundle(beacon=BEACON, disclose=opened, recorded=host.stamped())


def verdicts(path: Path, policy: str | None = None, *, stamped: bool = False) -> dict[str, str]:
    found = verify.Verification(path, policy, stamped=stamped)
    return {name: verdict for name, (verdict, _) in found.verdicts.items()}


def test_it_needs_only_the_standard_library_and_cryptography() -> None:
    modules = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SOURCE.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert modules - sys.stdlib_module_names == {"cryptography"}


def test_it_is_short_enough_to_be_read() -> None:
    text = SOURCE.read_text()
    told_of = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            told_of |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    code = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() and n not in told_of]
    assert len(code) <= MAX_CODE


def test_the_verifier_in_the_bundle_is_this_one_and_runs_without_the_project(bundle: Path, tmp_path: Path) -> None:
    alone = tmp_path / "verify.py"
    alone.write_bytes(Files.of(bundle).contents["verify.py"])
    assert alone.read_bytes() == SOURCE.read_bytes()
    done = subprocess.run(
        [sys.executable, "-I", alone, bundle], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A log proves WHAT WAS RECORDED" in done.stdout
    assert [line.split(". ")[0] for line in done.stdout.splitlines()[:7]] == [str(n) for n in range(1, 8)]


def test_what_is_proved_stated_and_not_claimed_is_told_apart(bundle: Path, host: Host) -> None:
    assert verdicts(bundle, host.policy(), stamped=True) == {
        "log key": "VERIFIED",
        "witnesses": "NOT VERIFIED",
        "time": "VERIFIED",
        "sample": "VERIFIED",
        "openings": "VERIFIED",
        "volume": "VERIFIED",
        "coordination": "NOT VERIFIED",
        "attribution": "NOT CLAIMED",
        "training-use": "NOT CLAIMED",
    }


def test_without_a_policy_the_key_is_only_the_bundle_s(bundle: Path) -> None:
    assert verdicts(bundle)["log key"] == "NOT VERIFIED"
    code, lines = told(bundle)
    assert code == 0
    assert any(line.startswith("  log key       NOT VERIFIED  only as the bundle says") for line in lines)


def test_a_policy_with_another_key_refuses_the_bundle(bundle: Path) -> None:
    other = new_signer("example.com/log", Algorithm.ED25519)
    with pytest.raises(verify.Refused, match="not signed by a log key of the policy"):
        verify.Verification(bundle, f"log {other.verifier}\nquorum none\n")


def test_an_empty_policy_is_not_the_bundle_s_own(bundle: Path) -> None:
    with pytest.raises(verify.Refused, match="no quorum, no log"):
        verify.Verification(bundle, "")


def test_what_must_be_verified_can_be_said(bundle: Path) -> None:
    code, lines = told(bundle, "--require", "coordination")
    assert code == 1
    assert lines[-1].endswith("Not verified: coordination")


def cosigned(host: Host, *witnesses: Signer) -> Path:
    checkpoint = host.reader.checkpoint
    note = host.note.signed([w.sign(checkpoint, time=NOW + 60) for w in witnesses])
    return host.bundle("cosigned.zip", recorded=host.recorded(note=note))


@pytest.mark.parametrize("kind", [Algorithm.ED25519_COSIGNATURE, Algorithm.ML_DSA_44_COSIGNATURE])
def test_witnesses_of_the_auditor_s_policy_count(host: Host, kind: Algorithm) -> None:
    witness = new_signer("witness.example", kind)
    found = verify.Verification(cosigned(host, witness), host.policy(witness))
    assert found.verdicts["witnesses"] == ("VERIFIED", f"cosigned by w0 at {NOW + 60} (POSIX seconds)")


def test_witnesses_that_only_the_bundle_names_count_for_nothing(host: Host) -> None:
    witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
    note = host.note.signed([witness.sign(host.reader.checkpoint, time=NOW)])
    path = host.bundle("own.zip", recorded=host.recorded(note=note), policy=host.policy(witness).encode())
    assert verify.Verification(path).verdicts["witnesses"][0] == "NOT VERIFIED"


def test_a_quorum_that_is_not_reached_refuses_the_bundle(host: Host) -> None:
    witness, absent = (new_signer(n, Algorithm.ED25519_COSIGNATURE) for n in ("w.example", "x.example"))
    with pytest.raises(verify.Refused, match="quorum of your policy is not reached; cosigned by w0"):
        verify.Verification(cosigned(host, witness), host.policy(witness, absent))


def test_a_forged_witness_line_refuses_the_bundle(host: Host) -> None:
    witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
    good = witness.sign(host.reader.checkpoint, time=NOW)
    forged = replace(good, value=(NOW - 86_400).to_bytes(8, "big") + good.value[8:])
    path = host.bundle("forged.zip", recorded=host.recorded(note=host.note.signed([forged])))
    with pytest.raises(verify.Refused, match=r"signature by witness.example does not hold"):
        verify.Verification(path, host.policy(witness))


def test_two_checkpoints_of_one_size_are_a_fork(bundle: Path, host: Host) -> None:
    found = verify.Verification(bundle, seen=str(host.note).encode())
    other = Checkpoint("example.com/log", found.log.size, sha256(b"another tree").digest())
    note = Note(other.text, (host.signer.sign(other, time=NOW),))
    with pytest.raises(verify.Refused, match="forked: two signed checkpoints of size"):
        verify.Verification(bundle, seen=str(note).encode())


def test_a_sample_from_a_list_that_nothing_fixed_proves_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path / "loose", calls=12)
    whole = host.bundle("whole.zip", beacon=BEACON)
    assert verdicts(whole)["sample"] == "NOT VERIFIED"
    assert verdicts(whole)["volume"] == "VERIFIED"
    code, lines = told(host.bundle("sample.zip", beacon=BEACON, whole=False))
    assert code == 1
    assert lines[-1].endswith("Not verified: volume")


def test_a_list_fixed_without_naming_the_value_proves_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=12)
    digest = sha256(Files.of(host.bundle("draft.zip")).contents["calls.csv"]).hexdigest()
    host.log([event_entry("claim", {"campaign": CAMPAIGN, "calls": digest, "exchanges": 6})])
    assert verdicts(host.bundle(beacon=BEACON, recorded=host.stamped()), stamped=True)["sample"] == "NOT VERIFIED"


def test_the_verdict_names_the_value_that_was_announced(bundle: Path) -> None:
    verdict, says = verify.Verification(bundle, stamped=True).verdicts["sample"]
    assert verdict == "VERIFIED"
    assert "which the log announced as “a beacon” with the list" in says


def test_by_its_own_keys_a_bundle_could_be_anybody_s(bundle: Path, host: Host, tmp_path: Path) -> None:
    assert told(bundle)[1][-1].endswith("whoever made it may have made them up (--policy).")
    (tmp_path / "policy").write_text(host.policy())
    assert told(bundle, "--policy", str(tmp_path / "policy"))[1][-1].endswith("What it undertakes to prove holds.")


def test_a_sample_from_a_fixed_list_proves_the_volume(host: Host) -> None:
    path = host.bundle("sampled.zip", beacon=BEACON, whole=False, recorded=host.stamped())
    assert verdicts(path, stamped=True)["volume"] == "VERIFIED"


def test_a_time_stamp_that_nobody_has_checked_dates_nothing(host: Host) -> None:
    path = host.bundle("unchecked.zip", beacon=BEACON, whole=False, recorded=host.stamped())
    assert verdicts(path) == verdicts(path) | dict.fromkeys(("time", "sample", "volume"), "NOT VERIFIED")


def test_a_sample_of_a_log_that_only_the_host_dates_proves_nothing(host: Host) -> None:
    undated = host.bundle("undated.zip", beacon=BEACON, whole=False)
    verdict, says = verify.Verification(undated).verdicts["sample"]
    assert (verdict, verdicts(undated)["volume"]) == ("NOT VERIFIED", "NOT VERIFIED")
    assert "only the host says when the log was written" in says
    witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
    note = host.note.signed([witness.sign(host.reader.checkpoint, time=NOW)])
    seen = host.bundle("seen.zip", beacon=BEACON, whole=False, recorded=host.recorded(note=note))
    assert verdicts(seen)["sample"] == "NOT VERIFIED", "nobody whom the reader trusts has seen it"
    assert verdicts(seen, host.policy(witness))["sample"] == "VERIFIED"


def test_the_note_of_the_specification_opens() -> None:
    # c2sp.org/signed-note: the example's vkey and signature line.
    key = verify.Key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", (1, 6))
    signature = verify.unbase64(
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=", "line"
    )
    assert signature[:4] == key.id
    key.check(b"This is an example message.\n", signature[4:], "note")
    with pytest.raises(verify.Refused, match="does not hold"):
        key.check(b"This is another message.\n", signature[4:], "note")


def test_the_manifest_is_signed_as_dsse_says() -> None:
    # DSSE protocol 1.0.0, its test vector of the pre-authentication encoding.
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_disclosure_of_the_specification_has_its_digest() -> None:
    # RFC 9901 section 4.2.3.
    disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    digest = "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    private = verify.base64.urlsafe_b64encode(sha256(verify.canonical({"family_name": digest})).digest())
    entry = verify.canonical({"private": private.rstrip(b"=").decode()})
    opening = {"index": 0, "disclosures": {"family_name": disclosure}, "digests": {}}
    assert verify.check_opening(opening, entry, set()) == {"family_name": "Möbius"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("quorum none\n", "no log"),
        ("log {key}\n", "no quorum"),
        ("log {key}\nquorum none\nquorum none\n", "means nothing"),
        ("log {key}\nlog {key}\nquorum none\n", "a key twice"),
        ("log {key}\nquorum w\n", "means nothing"),
        ("log {key}\nwitness w {key}\nquorum w\n", "unknown type"),
        ("log {key}\ngroup g any w\nquorum g\n", "unknown member"),
        ("log {key}\nwitness none {witness}\nquorum none\n", "means nothing"),
        ("log {key}\nwitness w {witness}\ngroup g 2 w\nquorum g\n", "too few"),
        ("log {key}\nwitness w {witness}\ngroup g 0 w\nquorum g\n", "too few"),
        ("log {key}\nwitness w {witness}\ngroup g 2 w w\nquorum g\n", "unknown member"),
        ("log {key}\nwitness w {witness}\ngroup g any none\nquorum g\n", "unknown member"),
        ("log {key}\nwitness w {witness}\ngroup w any w\nquorum w\n", "means nothing"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(host: Host, text: str, why: str) -> None:
    witness = new_signer("w.example", Algorithm.ED25519_COSIGNATURE)
    with pytest.raises(verify.Refused, match=why):
        verify.Policy(text.format(key=host.signer.verifier, witness=witness.verifier), "policy")


def test_groups_count_their_members() -> None:
    keys = [new_signer(f"w{i}.example", Algorithm.ED25519_COSIGNATURE).verifier for i in range(4)]
    log = new_signer("example.com/log", Algorithm.ED25519).verifier
    lines = [f"log {log} https://example.com/log", "# a comment", *(f"witness w{i} {k}" for i, k in enumerate(keys))]
    lines += ["group two 2 w0 w1 w2", "group both all two w3", "quorum both"]
    policy = verify.Policy("\n".join(lines) + "\n", "policy")
    assert policy.met({"w0", "w2", "w3"}, "both")
    assert not policy.met({"w0", "w3"}, "both")
    assert not policy.met({"w0", "w1", "w2"}, "both")
    assert policy.met(set(), "none")


def test_the_claims_name_what_speaks_against_them(bundle: Path) -> None:
    claim = json.loads(Files.of(bundle).contents["claims/coordination.json"])
    assert claim["otherwise"] == ["The accounts belong to one customer."]
    assert claim["contrary"] == ["economy: Few calls in all. Counted as -0.4 bits."]
