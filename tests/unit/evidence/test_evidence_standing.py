"""What a checkpoint is worth: whose cosignatures hold, and whether they are the quorum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, signed_message
from stillwatch.evidence.keys import Signer, new_signer
from stillwatch.evidence.notes import Algorithm, Note, Signature, parse_note
from stillwatch.evidence.quorum import OURS, Policy, parse_policy
from stillwatch.evidence.standing import weigh_checkpoint

HEAD = Checkpoint("example.com/log", 70_000, bytes(range(32)))
LOG = new_signer("example.com/log", Algorithm.ED25519)
WITNESSES = {
    "a": new_signer("a.example", Algorithm.ED25519_COSIGNATURE),
    "b": new_signer("b.example", Algorithm.ML_DSA_44_COSIGNATURE),
    "c": new_signer("c.example", Algorithm.ED25519_COSIGNATURE),
}
LINES = "".join(f"witness {n} {s.verifier}\n" for n, s in WITNESSES.items())
POLICY = parse_policy(f"log {LOG.verifier}\n{LINES}group two 2 a b c\nquorum two\n".encode())


def note(*by: str, head: Checkpoint = HEAD, time: int = 1_700_000_000) -> Note:
    return Note(head.text, (LOG.sign(head, time=time), *(WITNESSES[n].sign(head, time=time) for n in by)))


def weigh(signed: Note, policy: Policy = POLICY) -> tuple[list[str], bool, bool]:
    standing = weigh_checkpoint(str(signed).encode(), policy)
    return [c.witness.name for c in standing.cosigned], standing.has_quorum, standing.has_independent_quorum


def test_a_quorum_is_reached_by_enough_witnesses_and_not_before() -> None:
    assert weigh(note("a")) == (["a"], False, False)
    assert weigh(note("a", "b")) == (["a", "b"], True, True)


def test_our_own_witness_makes_the_format_s_quorum_but_no_independent_one() -> None:
    labelled = POLICY.run_by({"a": OURS, "b": "Example University"})
    assert weigh(note("a", "b"), labelled) == (["a", "b"], True, False)
    assert weigh(note("b", "c"), labelled) == (["b", "c"], True, True)
    standing = weigh_checkpoint(str(note("a", "b")).encode(), labelled)
    assert [c.witness.name for c in standing.independent] == ["b"]


def test_two_keys_of_one_party_are_one_party() -> None:
    signed = str(note("a", "b", "c")).encode()
    assert len(weigh_checkpoint(signed, POLICY).independent_parties) == 3
    labelled = POLICY.run_by({"a": "Example University", "b": "Example University", "c": OURS})
    assert weigh_checkpoint(signed, labelled).independent_parties == {"Example University"}
    names = {n: new_signer("one.example", s.verifier.algorithm) for n, s in WITNESSES.items()}
    lines = "".join(f"witness {n} {s.verifier}\n" for n, s in names.items())
    same = parse_policy(f"log {LOG.verifier}\n{lines}quorum a\n".encode())
    both = note().signed([s.sign(HEAD, time=1) for s in names.values()])
    assert weigh_checkpoint(str(both).encode(), same).independent_parties == {"one.example"}


def test_a_quorum_of_none_is_reached_but_independent_of_nobody() -> None:
    nobody = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode())
    assert weigh(note(), nobody) == ([], True, False)


def test_one_witness_that_signs_twice_counts_once_at_its_earlier_time() -> None:
    earlier = WITNESSES["a"].sign(HEAD, time=1_600_000_000)
    for twice in (note("a").signed([earlier]), note().signed([earlier, WITNESSES["a"].sign(HEAD, time=1_700_000_000)])):
        standing = weigh_checkpoint(str(twice).encode(), POLICY)
        assert ([c.time for c in standing.cosigned], standing.has_quorum) == ([1_600_000_000], False)


def test_cosignatures_by_strangers_are_ignored() -> None:
    stranger = new_signer("a.example", Algorithm.ED25519_COSIGNATURE)
    assert weigh(note("b").signed([stranger.sign(HEAD, time=1)])) == (["b"], False, False)


def forged(name: str, change: str) -> Note:
    signer: Signer = WITNESSES[name]
    good = signer.sign(HEAD, time=1_700_000_000)
    others = {
        "another checkpoint": signer.sign(replace(HEAD, root=bytes(32)), time=1_700_000_000),
        "another log": signer.sign(replace(HEAD, origin="example.com/other"), time=1_700_000_000),
        "another size": signer.sign(replace(HEAD, size=70_001), time=1_700_000_000),
        "another time": replace(good, value=(1_700_000_001).to_bytes(8, "big") + good.value[8:]),
        "time zero": signer.sign(HEAD, time=0),
        "time above 2^63": replace(good, value=b"\xff" * 8 + good.value[8:]),
        "cut off": replace(good, value=good.value[:-1]),
        "one byte": Signature(good.name, good.key_id, b"x"),
        "without a time": replace(good, value=good.value[8:]),
    }
    return note("c").signed([others[change]])


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize(
    "change",
    [
        "another checkpoint",
        "another log",
        "another size",
        "another time",
        "time zero",
        "time above 2^63",
        "cut off",
        "one byte",
        "without a time",
    ],
)
def test_a_forged_line_of_a_known_witness_refuses_the_checkpoint(name: str, change: str) -> None:
    with pytest.raises(EvidenceError, match=f"{name}.example"):
        weigh(forged(name, change))


def test_a_lattice_cosignature_under_another_name_does_not_hold() -> None:
    signer = WITNESSES["b"]
    renamed = replace(signer, verifier=replace(signer.verifier, name="d.example"))
    policy = parse_policy(f"log {LOG.verifier}\nwitness d {renamed.verifier}\nquorum d\n".encode())
    line = replace(signer.sign(HEAD, time=1), name="d.example", key_id=renamed.verifier.key_id)
    with pytest.raises(EvidenceError, match=r"d\.example"):
        weigh(note().signed([line]), policy)


def test_a_checkpoint_that_no_accepted_log_signed_is_refused() -> None:
    other = new_signer("example.com/log", Algorithm.ED25519)
    unsigned = Note(HEAD.text, (other.sign(HEAD, time=1), WITNESSES["a"].sign(HEAD, time=1)))
    with pytest.raises(EvidenceError, match="none of the known keys"):
        weigh(unsigned)


def test_the_log_s_keys_may_come_from_elsewhere() -> None:
    bare = parse_policy(b"quorum none\n")
    with pytest.raises(EvidenceError, match="none of the known keys"):
        weigh_checkpoint(str(note()).encode(), bare)
    assert weigh_checkpoint(str(note()).encode(), bare, log_keys=[LOG.verifier]).checkpoint == HEAD


# The examples of the specifications (tlog-cosignature, "Cosigned checkpoint"; tlog-witness, "add-checkpoint").
COSIGNED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
MESSAGE = """\
cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""


def test_the_specification_s_cosignature_has_its_parts_where_we_look_for_them() -> None:
    example = parse_note(COSIGNED.encode())
    log, witness = example.signatures
    assert str(example) == COSIGNED
    assert (len(log.value), len(witness.value), witness.key_id.hex()) == (64, 72, "8d66cf3f")
    time = int.from_bytes(witness.value[:8], "big")
    assert signed_message(WITNESSES["a"].verifier, Checkpoint.parse(example.text), time).decode() == MESSAGE


def test_the_lattice_message_has_the_specification_s_layout() -> None:
    head = Checkpoint("example.com/behind-the-sofa", 20_852_163, bytes(range(32)))
    parts = [b"subtree/v1\n\0", b"\x09b.example", (1_679_315_147).to_bytes(8, "big"),
             b"\x1bexample.com/behind-the-sofa", bytes(8), (20_852_163).to_bytes(8, "big"), head.root]  # fmt: skip
    assert signed_message(WITNESSES["b"].verifier, head, 1_679_315_147) == b"".join(parts)
