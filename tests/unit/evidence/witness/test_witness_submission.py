"""The body of add-checkpoint: one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.notes import parse_note
from stillwatch.evidence.numbers import MAX_NUMBER
from stillwatch.evidence.witness.submission import MAX_SUBMISSION_BYTES, Submission, parse_submission

# The example of the specification (tlog-witness, "add-checkpoint").
EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501


def test_the_specification_s_example_is_read_and_written() -> None:
    read = parse_submission(EXAMPLE.encode())
    note = parse_note(read.checkpoint)
    assert (read.old, len(read.proof)) == (20_852_014, 4)
    assert (Checkpoint.parse(note.text).size, len(note.signatures)) == (20_852_163, 2)
    assert [s.key_id.hex() for s in note.signatures] == ["033de0ae", "a292ea05"]
    assert bytes(read).decode() == EXAMPLE


def test_the_specification_s_example_is_signed_by_nobody_we_know() -> None:
    with pytest.raises(EvidenceError, match="none of the known keys"):
        open_checkpoint(parse_submission(EXAMPLE.encode()).checkpoint, [])


@given(st.integers(0, MAX_NUMBER), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary(max_size=99))
def test_a_body_is_read_as_it_was_written(old: int, proof: list[bytes], checkpoint: bytes) -> None:
    submission = Submission(old, tuple(proof), checkpoint)
    assert parse_submission(bytes(submission)) == submission


HASH = "A" * 43 + "=\n"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 1",
        "old 1\n",
        "old 01\n\nx",
        "old -1\n\nx",
        "old 9223372036854775808\n\nx",
        "old " + "1" * 5000 + "\n\nx",
        "old  1\n\nx",
        "Old 1\n\nx",
        "size 1\n\nx",
        "old 1\r\n\r\nx",
        "\nold 1\n\nx",
        "old 1\nAAAA\n\nx",
        "old 1\n" + HASH.replace("A=", "B=") + "\nx",
        "old 1\n" + HASH * 64 + "\nx",
        "old 1\n\u0410" + HASH + "\nx",
    ],
)
def test_another_spelling_or_too_long_a_proof_is_refused(body: str) -> None:
    with pytest.raises(EvidenceError, match="add-checkpoint"):
        parse_submission(body.encode())


def test_a_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        parse_submission(b"old 0\n\n" + bytes(MAX_SUBMISSION_BYTES))
