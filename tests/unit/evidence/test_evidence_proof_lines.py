"""Lines, hashes, an empty line, a checkpoint: read as they were written, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence.proof_lines import MAX_HASHES, join_proof, parse_hashes, split_proof

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_HASHES)


@given(HASHES, st.binary(max_size=40))
def test_what_was_written_is_read(hashes: list[bytes], checkpoint: bytes) -> None:
    (first, *lines), rest = split_proof(join_proof(["index 7"], hashes, checkpoint), most=4_000, what="it")
    assert (first, parse_hashes(lines, what="it"), rest) == ("index 7", tuple(hashes), checkpoint)


@pytest.mark.parametrize("data", [b"index 7\ncheckpoint", "ä\n\ncheckpoint".encode(), b"\n\n" + bytes(99)])
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match=r"^it: "):
        split_proof(data, most=50, what="it")


@pytest.mark.parametrize("lines", [["AAAA"], ["A" * 44], ["A" * 42 + "B="], ["A" * 43 + "="] * (MAX_HASHES + 1)])
def test_what_are_no_hashes_is_refused(lines: list[str]) -> None:
    with pytest.raises(EvidenceError, match=r"^it: "):
        parse_hashes(lines, what="it")
