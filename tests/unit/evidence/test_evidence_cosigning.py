"""One round of asking witnesses and time-stamp authorities."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from loopback import Reply, answering
from stillwatch.errors import EvidenceError
from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.cosigning import Round, cosign, newest_with_quorum, read_trust
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.keyset import KeySet
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.opened import open_log
from stillwatch.evidence.proofs import LogProof, parse_proof, verify_proof
from stillwatch.evidence.quorum import parse_policy
from stillwatch.evidence.reader import LogReader, read_public
from stillwatch.evidence.witness.witness import Witness
from time_authority import TimeAuthority

NOW = 1_700_000_000
ORIGIN = "example.com/log"


@dataclass
class Deployment:
    """A log of ours and two witnesses; ``down`` ones answer 503."""

    folder: Path
    down: set[str]
    asked: list[str]

    def append(self, *entries: bytes) -> None:
        keys = KeySet.read(self.folder / "log/keys")
        with Log(self.folder / "log", keys.signers(keys.current), clock=lambda: NOW) as log:
            log.append(list(entries))

    def round(self) -> Round:
        policy, operators = read_trust(self.folder / "policy.txt", self.folder / "operators.toml")
        return cosign(open_log(self.folder), policy, operators, seconds=5)

    def kept(self) -> CosignedCheckpoints:
        return CosignedCheckpoints(self.folder / "witness")


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    folder = tmp_path / "evidence"
    log_key = KeySet.create(folder / "log/keys", origin=ORIGIN, ml_dsa=True).current[0]
    signers = {n: new_signer(f"{n}.example", Algorithm.ED25519_COSIGNATURE) for n in ("foreign", "own")}
    witnesses = {}
    for name, signer in signers.items():
        (tmp_path / name).mkdir()
        witnesses[name] = Witness(tmp_path / name, [signer], [log_key], clock=lambda: NOW)
    ours = Deployment(folder, set(), [])

    def answer(path: str, body: bytes) -> Reply:
        name = path.split("/")[1]
        ours.asked.append(name)
        if name in ours.down:
            return 503, "text/plain", b"down \x1b[31m for repair\n"
        reply = witnesses[name].add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    with answering(answer) as url:
        lines = "".join(f"witness {n} {s.verifier} {url}/{n}\n" for n, s in signers.items())
        (folder / "policy.txt").write_text(f"log {log_key}\n{lines}group two 2 foreign own\nquorum two\n")
        (folder / "operators.toml").write_text('[witness.own]\nrun_by = "us"\n')
        ours.append(b"one", b"two")
        yield ours


def test_a_round_collects_what_makes_the_quorum_and_says_whose_it_is(deployment: Deployment) -> None:
    done = deployment.round()
    assert (done.standing.has_quorum, done.standing.has_independent_quorum, done.problems) == (True, False, {})
    assert [c.witness.name for c in done.standing.independent] == ["foreign"]
    head = done.standing.checkpoint
    outcome = deployment.kept().outcome(head)
    assert outcome == done.to_dict()
    assert outcome["witnesses"]["own"]["run_by"] == "us"
    assert outcome["root"] == base64.b64encode(head.root).decode()


def test_a_witness_that_is_down_leaves_the_checkpoint_marked_and_is_asked_again(deployment: Deployment) -> None:
    deployment.down = {"foreign"}
    done = deployment.round()
    assert (done.standing.has_quorum, list(done.problems)) == (False, ["foreign"])
    assert "\x1b" not in done.problems["foreign"]
    outcome = deployment.kept().outcome(done.standing.checkpoint)
    assert outcome is not None
    assert outcome["has_quorum"] is False
    deployment.down, deployment.asked = set(), []
    assert deployment.round().standing.has_quorum
    assert deployment.asked == ["foreign"]


def test_the_log_goes_on_without_a_quorum_and_a_later_checkpoint_gets_one(deployment: Deployment) -> None:
    deployment.down = {"foreign", "own"}
    assert not deployment.round().standing.has_quorum
    deployment.append(b"three")
    deployment.down = set()
    done = deployment.round()
    assert (done.standing.checkpoint.size, done.standing.has_quorum) == (3, True)


def test_the_newest_checkpoint_with_a_quorum_is_found_and_proves_entries(deployment: Deployment) -> None:
    keys = KeySet.read(deployment.folder / "log/keys").every
    policy = parse_policy((deployment.folder / "policy.txt").read_bytes())
    assert newest_with_quorum(deployment.folder, policy, keys) is None
    deployment.round()
    deployment.append(*[b"%d" % i for i in range(400)])
    deployment.down = {"own"}
    deployment.round()
    found = newest_with_quorum(deployment.folder, policy, keys)
    assert found is not None
    assert found.checkpoint.size == 2
    reader = LogReader(partial(read_public, deployment.folder / "log/public"), found.checkpoint)
    proof = LogProof(1, tuple(reader.prove(1)), str(found.note).encode())
    assert verify_proof(proof, b"two", policy).has_quorum


def test_a_proof_carries_the_cosignatures_that_its_checkpoint_has(deployment: Deployment) -> None:
    policy = parse_policy((deployment.folder / "policy.txt").read_bytes())
    with pytest.raises(EvidenceError, match="not the quorum"):
        verify_proof(parse_proof(open_log(deployment.folder).proof(1).encode()), b"two", policy)
    deployment.round()
    proof = parse_proof(open_log(deployment.folder).proof(1).encode())
    assert verify_proof(proof, b"two", policy).has_quorum


def test_a_cosignature_that_was_forged_on_the_disk_is_noticed(deployment: Deployment) -> None:
    done = deployment.round()
    (path,) = (deployment.folder / "witness").glob("*.checkpoint")
    text = path.read_text("utf-8")
    line = next(line for line in text.split("\n") if "foreign.example" in line)
    path.write_text(text.replace(line, line[:-6] + "AAAA" + line[-2:]), "utf-8")
    with pytest.raises(EvidenceError, match=r"foreign\.example"):
        deployment.round()
    assert done.standing.has_quorum


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for its `ts` command")
def test_a_checkpoint_is_time_stamped_once_and_the_stamp_is_labelled(deployment: Deployment, tmp_path: Path) -> None:
    pytest.importorskip("rfc3161_client", reason="needs the extra `timestamps`")
    authority = TimeAuthority(tmp_path / "tsa")
    asked: list[str] = []

    def stamp(path: str, question: bytes) -> Reply:
        asked.append(path)
        return authority(path, question)

    with answering(stamp) as url:
        table = f'url = "{url}/tsr"\nroots = "{authority.roots}"\n'
        operators = f'[timestamps.here]\n{table}run_by = "us"\n[timestamps.dead]\n{table}'.replace(
            f'[timestamps.dead]\nurl = "{url}', '[timestamps.dead]\nurl = "http://127.0.0.1:1'
        )
        (deployment.folder / "operators.toml").write_text(operators)
        first, second = deployment.round(), deployment.round()
    assert (len(asked), [s.authority.name for s in second.stamped]) == (1, ["here"])
    assert first.stamped == second.stamped
    assert first.stamped[0].authority.is_ours
    assert list(second.problems) == ["timestamps.dead"]
    assert list(deployment.kept().timestamps(first.standing.checkpoint)) == ["here"]


def test_a_policy_without_the_log_s_own_key_asks_nobody(deployment: Deployment) -> None:
    policy = deployment.folder / "policy.txt"
    stranger = new_signer(ORIGIN, Algorithm.ED25519).verifier
    lines = policy.read_text().split("\n")
    policy.write_text("\n".join([f"log {stranger}", *lines[1:]]))
    with pytest.raises(EvidenceError, match="none of the known keys"):
        deployment.round()
    assert deployment.asked == []


def test_nobody_to_ask_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nobody to ask"):
        read_trust(tmp_path / "policy.txt", tmp_path / "operators.toml")
