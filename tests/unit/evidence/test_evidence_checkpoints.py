"""Checkpoints: one spelling each, and signatures that hold for them and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint, signed_message
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note, VerifierKey

HEAD = Checkpoint("example.com/log", 70_000, bytes(range(32)))
SIGNERS = {a: new_signer("example.com/log", a) for a in Algorithm}


def signed(checkpoint: Checkpoint, *algorithms: Algorithm) -> Note:
    return Note(checkpoint.text, tuple(SIGNERS[a].sign(checkpoint, time=1_700_000_000) for a in algorithms))


@pytest.mark.parametrize("extensions", [(), ("one", "two")])
def test_a_checkpoint_is_read_as_it_was_written(extensions: tuple[str, ...]) -> None:
    head = replace(HEAD, extensions=extensions)
    assert Checkpoint.parse(head.text) == head


@pytest.mark.parametrize(
    "text",
    [
        "example.com/log\n5\n",
        "example.com/log\n05\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n-5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n\u0665\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.com/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "example.com/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n",
        "example.com/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\nx\n",
        "\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    ],
)
def test_another_spelling_is_no_checkpoint(text: str) -> None:
    with pytest.raises(EvidenceError):
        Checkpoint.parse(text)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_a_key_signed_opens(algorithm: Algorithm) -> None:
    head, note = open_checkpoint(str(signed(HEAD, algorithm)).encode(), [SIGNERS[algorithm].verifier])
    assert (head, len(note.signatures)) == (HEAD, 1)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize(
    "other", [replace(HEAD, size=70_001), replace(HEAD, root=bytes(32)), replace(HEAD, origin="example.com/lag")]
)
def test_a_signature_holds_for_no_other_checkpoint(algorithm: Algorithm, other: Checkpoint) -> None:
    forged = Note(other.text, signed(HEAD, algorithm).signatures)
    with pytest.raises(EvidenceError):
        open_checkpoint(str(forged).encode(), [SIGNERS[algorithm].verifier])


def test_an_altered_time_breaks_a_cosignature() -> None:
    for algorithm in (Algorithm.ED25519_COSIGNATURE, Algorithm.ML_DSA_44_COSIGNATURE):
        (line,) = signed(HEAD, algorithm).signatures
        later = replace(line, value=(1_700_000_001).to_bytes(8, "big") + line.value[8:])
        with pytest.raises(EvidenceError, match="does not hold"):
            open_checkpoint(str(Note(HEAD.text, (later,))).encode(), [SIGNERS[algorithm].verifier])


def test_one_broken_signature_of_a_known_key_refuses_the_whole() -> None:
    good, bad = signed(HEAD, Algorithm.ED25519), signed(replace(HEAD, size=1), Algorithm.ED25519_COSIGNATURE)
    both = Note(HEAD.text, good.signatures + bad.signatures)
    with pytest.raises(EvidenceError, match="does not hold"):
        open_checkpoint(str(both).encode(), [s.verifier for s in SIGNERS.values()])


def test_a_checkpoint_that_only_strangers_signed_is_refused() -> None:
    stranger = VerifierKey("example.com/log", Algorithm.ED25519, bytes(32))
    with pytest.raises(EvidenceError, match="none of the known keys"):
        open_checkpoint(str(signed(HEAD, Algorithm.ED25519)).encode(), [stranger])


def test_a_key_of_another_log_signs_nothing_here() -> None:
    other = new_signer("example.com/other", Algorithm.ED25519)
    note = Note(HEAD.text, (other.sign(HEAD, time=0),))
    with pytest.raises(EvidenceError, match="key of another log"):
        open_checkpoint(str(note).encode(), [other.verifier])


def test_the_lattice_message_is_the_specified_bytes() -> None:
    key = SIGNERS[Algorithm.ML_DSA_44_COSIGNATURE].verifier
    message = signed_message(key, HEAD, 5)
    origin = b"\x0fexample.com/log"
    times = (5).to_bytes(8, "big"), (0).to_bytes(8, "big"), (70_000).to_bytes(8, "big")
    assert message == b"subtree/v1\n\0" + origin + times[0] + origin + times[1] + times[2] + bytes(range(32))


def test_the_cosigned_message_is_the_specified_text() -> None:
    key = SIGNERS[Algorithm.ED25519_COSIGNATURE].verifier
    assert signed_message(key, HEAD, 5) == b"cosignature/v1\ntime 5\n" + HEAD.text.encode()
