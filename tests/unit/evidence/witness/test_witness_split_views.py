"""Proof that a log lied, and what is no proof."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note
from stillwatch.evidence.witness.split_views import MAX_KEPT, keep_split_view, verify_split_view
from witness_parties import LOG, NOW, ORIGIN, FakeLog

HONEST, LIAR = FakeLog(), FakeLog(fork=2)


def keep(folder: Path, one: Note, other: Note) -> Path | None:
    return keep_split_view(folder, [LOG.verifier], one, other, seen_at=NOW)


def test_both_checkpoints_are_kept_and_anyone_can_check_them(tmp_path: Path) -> None:
    path = keep(tmp_path, HONEST.note(5), LIAR.note(5))
    assert path is not None
    data = path.read_bytes()
    assert verify_split_view(data, [LOG.verifier]) == (HONEST.head(5), LIAR.head(5))
    assert json.loads(data)["log_keys"] == [str(LOG.verifier)]


def test_the_same_lie_is_kept_once_and_a_flood_of_them_is_bounded(tmp_path: Path) -> None:
    assert keep(tmp_path, HONEST.note(5), LIAR.note(5))
    assert keep(tmp_path, HONEST.note(5), LIAR.note(5)) is None
    for size in range(10, 50):
        keep(tmp_path, HONEST.note(size), LIAR.note(size))
    assert len(list(tmp_path.iterdir())) == MAX_KEPT


STRANGER = new_signer(ORIGIN, Algorithm.ED25519)


@pytest.mark.parametrize(
    "checkpoints",
    [
        [str(HONEST.note(5)), str(HONEST.note(5))],
        [str(HONEST.note(5)), str(HONEST.note(6))],
        [str(HONEST.note(5)), str(FakeLog(fork=2, signer=STRANGER).note(5))],
        [str(HONEST.note(5))],
        [str(HONEST.note(5)), "nothing"],
        [1, 2],
        None,
    ],
)
def test_what_does_not_contradict_itself_proves_nothing(checkpoints: object) -> None:
    with pytest.raises(EvidenceError):
        verify_split_view(json.dumps({"checkpoints": checkpoints}).encode(), [LOG.verifier])


def test_a_file_that_is_no_json_proves_nothing() -> None:
    with pytest.raises(EvidenceError, match="not two checkpoints"):
        verify_split_view(b"\xff", [LOG.verifier])
