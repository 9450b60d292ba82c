"""Proofs that stand alone: one spelling, and everything in them checked."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tree
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note
from stillwatch.evidence.proofs import MAX_PROOF_BYTES, LogProof, parse_proof, verify_proof
from stillwatch.evidence.quorum import parse_policy

LOG = new_signer("example.com/log", Algorithm.ED25519)
WITNESS = new_signer("w.example", Algorithm.ED25519_COSIGNATURE)
POLICY = parse_policy(f"log {LOG.verifier}\nwitness w {WITNESS.verifier}\nquorum w\n".encode())
ENTRIES = [b"entry %d" % i for i in range(300)]
HASHES = tree.leaf_hashes(ENTRIES)

# The example of the specification, without its signatures, which are elided there.
EXAMPLE = """\
c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

"""


def subtree(level: int, index: int) -> bytes:
    return tree.perfect_root(HASHES[index << level : (index + 1) << level])


def checkpoint(size: int, *, origin: str = "example.com/log", cosigned: bool = True) -> bytes:
    head = Checkpoint(origin, size, tree.root(size, subtree))
    signers = [LOG, *([WITNESS] if cosigned else [])]
    return str(Note(head.text, tuple(s.sign(head, time=1_700_000_000) for s in signers))).encode()


def proof(index: int, size: int, *, cosigned: bool = True, extra: bytes = b"") -> LogProof:
    hashes = tuple(tree.prove_inclusion(index, size, subtree))
    return LogProof(index, hashes, checkpoint(size, cosigned=cosigned), extra)


def test_the_specification_s_example_is_read() -> None:
    read = parse_proof(EXAMPLE.encode())
    assert (read.index, len(read.hashes), read.extra) == (73_894, 5, b"")
    assert read.hashes[-1].hex() == "0070a2a17f672e3b2bb1ee988634519a4d565048ab54e2cb468390eaf7cee6f9"
    assert read.checkpoint.decode() == EXAMPLE[EXAMPLE.index("example.com/fancylog") :]
    assert bytes(read).decode() == EXAMPLE


@given(st.integers(1, 300), st.data(), st.binary(max_size=40))
def test_every_proof_survives_the_file_and_verifies(size: int, data: st.DataObject, extra: bytes) -> None:
    index = data.draw(st.integers(0, size - 1))
    written = proof(index, size, extra=extra)
    read = parse_proof(bytes(written))
    assert read == written
    standing = verify_proof(read, ENTRIES[index], POLICY)
    assert (standing.checkpoint.size, [c.witness.name for c in standing.cosigned]) == (size, ["w"])


def test_what_does_not_fit_together_is_refused() -> None:
    good = proof(70, 300)
    for wrong, entry in [
        (good, b"another entry"),
        (replace(good, index=71), ENTRIES[70]),
        (replace(good, hashes=good.hashes[:-1]), ENTRIES[70]),
        (replace(good, hashes=(*good.hashes, bytes(32))), ENTRIES[70]),
        (replace(good, hashes=good.hashes[::-1]), ENTRIES[70]),
        (replace(good, checkpoint=checkpoint(299)), ENTRIES[70]),
        (replace(good, checkpoint=checkpoint(300, origin="example.com/other")), ENTRIES[70]),
    ]:
        with pytest.raises(EvidenceError):
            verify_proof(wrong, entry, POLICY)


def test_a_proof_without_the_quorum_is_refused() -> None:
    with pytest.raises(EvidenceError, match="cosigned by nobody"):
        verify_proof(proof(0, 5, cosigned=False), ENTRIES[0], POLICY)


def test_every_changed_byte_is_refused_but_in_extra_data() -> None:
    data = bytes(proof(2, 5))
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(EvidenceError):
            verify_proof(parse_proof(changed), ENTRIES[2], POLICY)


HASH = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nx",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx",
        "c2sp.org/tlog-proof@v1\nindex  1\n\nx",
        "c2sp.org/tlog-proof@v1\r\nindex 1\r\n\r\nx",
        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nextra AAB=\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-4]}\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-1]}\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH} \n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64 + "\nx",
        "c2sp.org/tlog-proof@v1\nindex \u0661\n\nx",
    ],
)
def test_another_spelling_or_too_long_a_path_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="a tlog-proof"):
        parse_proof(text.encode())


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        parse_proof(bytes(MAX_PROOF_BYTES + 1))


def test_the_path_in_the_largest_tree_is_allowed() -> None:
    assert len(parse_proof(("c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 63 + "\nx").encode()).hashes) == 63
